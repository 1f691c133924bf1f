package penchant.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Each id has a result in its place, whatever its type, and none throws into a ranker. */
class IdsTest {
    private static final List<Object> TAKEN = List.of(
            "ada", 12345, 12345L, (short) 7, (byte) 7, BigInteger.TEN, "李雷",
            "李雷".getBytes(StandardCharsets.UTF_8), new StringBuilder("ada"), "ada", "\uD83D\uDE00");
    private static final List<String> TEXTS =
            List.of("ada", "12345", "12345", "7", "7", "10", "李雷", "李雷", "ada", "ada", "\uD83D\uDE00");
    private static final List<Object> REFUSED = Arrays.asList(
            null, true, 1.0, 1.0f, "", "\uD800", new byte[0], new byte[] {(byte) 0xff}, 'a', List.of("ada"),
            new Object());

    @Test
    void textWholeNumbersAndUtf8AreIds() throws InvalidIdException {
        for (int at = 0; at < TAKEN.size(); at++) {
            assertEquals(TEXTS.get(at), Ids.text(TAKEN.get(at)));
        }
    }

    @Test
    void allElseIsNoId() {
        for (Object each : REFUSED) {
            InvalidIdException refused = assertThrows(InvalidIdException.class, () -> Ids.text(each));
            assertFalse(refused.getMessage().contains("ada"));
        }
    }

    @Test
    void eachIdHasAResultInItsPlace() throws IOException {
        List<Object> asked = new ArrayList<>();
        for (int at = 0; at < TAKEN.size(); at++) {
            asked.addAll(Arrays.asList(TAKEN.get(at), REFUSED.get(at)));
        }
        try (ScriptedRedis server = new ScriptedRedis(1_000);
                IntentReader reader =
                        new IntentReader(server.url(), Options.USUAL.withTimeout(Duration.ofSeconds(30)))) {
            List<ReadIntent> intents = reader.getMany(asked);
            assertEquals(asked.size(), intents.size());
            for (int at = 0; at < TAKEN.size(); at++) {
                assertEquals("penchant:{" + TEXTS.get(at) + "}:intent", intents.get(2 * at).category());
                assertEquals(Reason.ID, intents.get(2 * at + 1).reason());
            }
            assertEquals(Map.of("InvalidIdException", (long) REFUSED.size()), reader.failures());
        }
    }

    @Test
    void aStrictReaderThrows() {
        try (IntentReader reader = new IntentReader("redis://127.0.0.1:1", Options.USUAL.withStrict())) {
            assertThrows(ReadFailedException.class, () -> reader.get(null));
        }
    }
}
