package penchant.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A server that is away is asked less and less often, and at once again when it is back. */
class CircuitTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    @Test
    void letsOneCallThroughAtATime() {
        Circuit circuit = new Circuit(Duration.ofSeconds(1), Duration.ofSeconds(4));
        circuit.failed(0);
        List<Long> allowed = new ArrayList<>();
        for (long tenth = 0; tenth < 200; tenth++) {
            if (circuit.allows(tenth * SECOND / 10)) {
                allowed.add(tenth);
                circuit.failed(tenth * SECOND / 10 + 1);
            }
        }
        assertEquals(List.of(10L, 30L, 70L, 110L, 150L, 190L), allowed);
    }

    @Test
    void closesWhenACallSucceeds() {
        Circuit circuit = new Circuit(Duration.ofSeconds(1), Duration.ofSeconds(8));
        circuit.failed(0);
        assertTrue(circuit.allows(5 * SECOND));
        circuit.worked();
        assertTrue(circuit.allows(5 * SECOND));
        circuit.failed(6 * SECOND);
        assertFalse(circuit.allows(6 * SECOND + SECOND / 2));
        assertTrue(circuit.allows(7 * SECOND));
    }

    @Test
    void neverOpensWithoutATime() {
        Circuit circuit = new Circuit(Duration.ofSeconds(1), Duration.ZERO);
        circuit.failed(0);
        assertTrue(circuit.allows(0));
    }
}
