package penchant.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** While Redis is away: what a ranker pays, and what it is given meanwhile. */
class OutageTest {
    private static final Options OPTIONS =
            Options.USUAL.withTimeout(Duration.ofMillis(500)).withCircuit(Duration.ofMinutes(10));

    @Test
    void aServerThatHangsIsPaidForOnce() throws IOException {
        try (ServerSocket hanging = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                IntentReader reader = new IntentReader(url(hanging.getLocalPort()), OPTIONS)) {
            for (int call = 0; call < 50; call++) {
                List<ReadIntent> intents = reader.getMany(List.of("ada", "bob"));
                assertTrue(intents.stream().allMatch(intent -> intent.missing() && intent.failed()));
                assertEquals(List.of("ada", "bob"), intents.stream().map(ReadIntent::shopper).toList());
            }
            Map<String, Long> failures = reader.failures();
            assertEquals(50, failures.values().stream().mapToLong(Long::longValue).sum());
            assertEquals(49, failures.get("CircuitOpenException"));
        }
    }

    @Test
    void aServerThatIsNotThereIsNoException() throws IOException {
        try (IntentReader reader = new IntentReader(url(free()), OPTIONS.withTimeout(Duration.ofSeconds(20)))) {
            assertFalse(reader.connect(Duration.ofSeconds(20)));
            assertTrue(reader.get("ada").failed());
            assertEquals(1, reader.failures().get("CircuitOpenException"));
        }
    }

    @Test
    void aReaderThatWasClosedIsNoException() throws IOException {
        IntentReader reader = new IntentReader(url(free()), OPTIONS);
        reader.close();
        assertTrue(reader.get("ada").failed());
    }

    @Test
    void aStrictReaderThrows() throws IOException {
        Options strict = OPTIONS.withTimeout(Duration.ofSeconds(20)).withStrict();
        try (IntentReader reader = new IntentReader(url(free()), strict)) {
            ReadFailedException thrown = assertThrows(ReadFailedException.class, () -> reader.get("ada"));
            assertTrue(thrown.getCause() != null);
        }
    }

    @Test
    void aClusterThatIsNotThereIsNoException() throws IOException {
        Options options = OPTIONS.withTimeout(Duration.ofSeconds(20)).withCluster();
        try (IntentReader reader = new IntentReader(url(free()), options)) {
            assertTrue(reader.get("ada").failed());
        }
    }

    private static String url(int port) {
        return "redis://127.0.0.1:" + port;
    }

    /** A port where nothing listens. */
    private static int free() throws IOException {
        try (ServerSocket taken = new ServerSocket(0)) {
            return taken.getLocalPort();
        }
    }
}
