package penchant.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What came in time is returned, and who asks for one shopper does not pay for who asks for a thousand. */
class LargeReadsTest {
    private static final List<String> NAMES =
            IntStream.range(0, 1_000).mapToObj(number -> "s" + number).toList();
    private static final Options OPTIONS =
            Options.USUAL.withTimeout(Duration.ofSeconds(2)).withCircuit(Duration.ofMinutes(10));

    @Test
    void whatCameInTimeIsReturned() throws IOException {
        try (ScriptedRedis server = new ScriptedRedis(301);
                IntentReader reader = open(server)) {
            List<ReadIntent> intents = reader.getMany(NAMES);
            assertEquals(NAMES, intents.stream().map(ReadIntent::shopper).toList());
            long came = intents.stream().takeWhile(intent -> !intent.missing()).count();
            assertTrue(came > 0 && came <= 300, () -> came + " came");
            assertEquals(EnumSet.of(Reason.TIMEOUT), reasons(intents.subList((int) came, NAMES.size())));
            assertEquals(1, reader.failures().get("TimeoutException"));
            server.permits.release(100_000);
            assertEquals(EnumSet.of(Reason.NONE), reasons(reader.getMany(NAMES))); // no circuit is open
        }
    }

    @Test
    void largeReadsThatFailDoNotHoldUpSmallOnes() throws IOException {
        try (ScriptedRedis server = new ScriptedRedis(1);
                IntentReader reader = open(server)) {
            assertEquals(EnumSet.of(Reason.TIMEOUT), reasons(reader.getMany(NAMES)));
            server.permits.release(100_000);
            assertEquals(EnumSet.of(Reason.CIRCUIT), reasons(reader.getMany(NAMES)));
            assertEquals("penchant:{ada}:intent", reader.get("ada").category());
        }
    }

    @Test
    void whatHasNoPackedFieldTakesASecondRoundTrip() throws IOException {
        List<String> mixed = List.of("ada", "old-bob", "cyd", "old-dan");
        try (ScriptedRedis server = new ScriptedRedis(7);
                IntentReader reader = open(server)) { // which takes one of the seven
            List<ReadIntent> intents = reader.getMany(mixed);
            assertEquals(mixed, intents.stream().map(ReadIntent::shopper).toList());
            assertEquals("penchant:{old-bob}:intent", intents.get(1).category());
            assertEquals("compare", intents.get(3).stage());
            assertEquals(0, server.permits.availablePermits());
        }
    }

    @Test
    void aSecondRoundTripThatIsLateOpensNoCircuit() throws IOException {
        try (ScriptedRedis server = new ScriptedRedis(3);
                IntentReader reader = open(server)) {
            List<ReadIntent> intents = reader.getMany(List.of("old-ada", "bob"));
            assertEquals(List.of(Reason.TIMEOUT, Reason.NONE), intents.stream().map(ReadIntent::reason).toList());
            server.permits.release(100);
            assertEquals(EnumSet.of(Reason.NONE), reasons(reader.getMany(List.of("old-ada", "bob"))));
        }
    }

    @Test
    void theDocumentComesWhenItIsAskedFor() throws IOException {
        try (ScriptedRedis server = new ScriptedRedis(1_000);
                IntentReader reader = open(server)) {
            assertEquals(Optional.of("{}"), reader.get("ada").doc());
            assertEquals(Optional.of("{}"), reader.getMany(List.of("ada"), Query.WHOLE).get(0).doc());
            ReadIntent hot = reader.getMany(List.of("ada")).get(0);
            assertFalse(hot.missing());
            assertEquals(Optional.empty(), hot.doc());
        }
    }

    private static IntentReader open(ScriptedRedis server) {
        IntentReader reader = new IntentReader(server.url(), OPTIONS);
        assertTrue(reader.connect(Duration.ofSeconds(30)));
        return reader;
    }

    private static Set<Reason> reasons(List<ReadIntent> intents) {
        return intents.stream().map(ReadIntent::reason).collect(Collectors.toSet());
    }
}
