package penchant.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who did not agree to a purpose is missing to whoever asks with it; and how old is too old. */
class QueryTest {
    private static final Query ADVERTISING = Query.HOT.forPurpose("advertising");

    @Test
    void whoDidNotAgreeIsMissing() {
        assertFalse(ADVERTISING.answer(agreeing("advertising,personalisation")).missing());
        for (String purposes : List.of("personalisation", "advertising-by-mail", "")) {
            ReadIntent answer = ADVERTISING.answer(agreeing(purposes));
            assertEquals(Reason.PURPOSE, answer.reason());
            assertTrue(answer.missing() && !answer.failed() && answer.stage().isEmpty());
            assertFalse(Query.HOT.answer(agreeing(purposes)).missing());
        }
    }

    @Test
    void whereTheWriterDidNotSayTheDefaultOfTheShopStands() {
        assertFalse(ADVERTISING.answer(agreeing(null)).missing());
        assertEquals(Reason.PURPOSE, ADVERTISING.strictly().answer(agreeing(null)).reason());
    }

    @Test
    void aPurposeThatIsNoneAndNoTimeToWaitAreRefused() {
        for (String purpose : List.of("advertizing", "Advertising", " ")) {
            assertThrows(IllegalArgumentException.class, () -> Query.HOT.forPurpose(purpose));
        }
        for (Duration timeout : List.of(Duration.ZERO, Duration.ofMillis(-1))) {
            assertThrows(IllegalArgumentException.class, () -> Options.USUAL.withTimeout(timeout));
        }
    }

    @Test
    void eachSourceHasItsAge() {
        Freshness freshness = new Freshness(Duration.ofMinutes(1), Duration.ofSeconds(10));
        assertFalse(decoded("model", 69_000, null, freshness).stale());
        assertTrue(decoded("model", 69_001, null, freshness).stale());
        assertTrue(decoded("rules", 20_000, null, freshness).stale());
        assertTrue(decoded("later", 20_000, null, freshness).stale());
        assertFalse(decoded("rules", 20_000, null, freshness).stale(Duration.ofMinutes(1)));
    }

    private static ReadIntent agreeing(String purposes) {
        return decoded("model", 9_000, purposes, Freshness.USUAL);
    }

    private static ReadIntent decoded(String source, long readAtMs, String purposes, Freshness freshness) {
        List<String> values = Arrays.asList(
                "1", "compare", "gift", "home", "", "", "", null, "0.7", "9000", "9250", source, purposes, null, "0:5:0");
        return Decoding.decode("ada", values, readAtMs, freshness);
    }
}
