package penchant.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What stands in Redis is read as readers/fixtures/intents.json says, as with every other reader.
 *
 * <p>tests/readers/test_java.py puts it there and names server, cluster and namespace in system properties.
 */
class FixturesTest {
    private static final Options PATIENT = Options.USUAL.withTimeout(Duration.ofSeconds(30));

    @ParameterizedTest
    @ValueSource(strings = {"penchant.server", "penchant.cluster"})
    void intentsAreReadAsTheFixturesSay(String where) throws IOException {
        List<JsonObject> cases = cases();
        List<String> shoppers = cases.stream().map(each -> each.get("shopper").getAsString()).toList();
        long failing = cases.stream().filter(each -> each.getAsJsonObject("read").get("failed").getAsBoolean()).count();
        try (IntentReader reader = open(where)) {
            List<ReadIntent> intents = reader.getMany(shoppers, Query.WHOLE);
            for (int at = 0; at < cases.size(); at++) {
                check(cases.get(at), intents.get(at));
            }
            assertEquals(failing, reader.failures().values().stream().mapToLong(Long::longValue).sum());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"penchant.server", "penchant.cluster"})
    void oneIsReadAsManyAre(String where) throws IOException {
        try (IntentReader reader = open(where)) {
            assertTrue(reader.connect(Duration.ofSeconds(30)));
            for (JsonObject each : cases()) {
                check(each, reader.get(each.get("shopper").getAsString()));
            }
        }
    }

    @Test
    void aReplyOfAnotherSizeIsNoIntent() {
        for (List<String> values : List.of(List.<String>of(), List.of("1"))) {
            assertThrows(
                    IllegalArgumentException.class, () -> Decoding.decode("ada", values, 0, Freshness.USUAL));
            assertThrows(
                    IllegalArgumentException.class, () -> Decoding.decodePacked("ada", values, 0, Freshness.USUAL));
        }
    }

    @Test
    void anIntentAgesFromItsLastEvent() {
        ReadIntent intent = Decoding.decode("ada", whole("9000"), 69_000, Freshness.USUAL);
        assertEquals(Optional.of(Duration.ofMinutes(1)), intent.age());
        assertTrue(intent.stale(Duration.ofSeconds(59)));
        assertFalse(intent.stale(Duration.ofSeconds(61)));
        ReadIntent nothing = ReadIntent.nothing("ada", Reason.ABSENT, 69_000);
        assertEquals(Optional.empty(), nothing.age());
        assertTrue(nothing.stale(Duration.ofDays(1)));
    }

    private static List<String> whole(String asOf) {
        return List.of("1", "compare", "gift", "home", "", "", "", "EUR", "0.7", asOf, "9250", "rules", "", "", "0:5:0", "{}");
    }

    private static void check(JsonObject fixture, ReadIntent intent) {
        String name = fixture.get("case").getAsString();
        JsonObject read = fixture.getAsJsonObject("read");
        assertEquals(read.get("missing").getAsBoolean(), intent.missing(), name);
        assertEquals(read.get("failed").getAsBoolean(), intent.failed(), name);
        assertEquals(fixture.get("shopper").getAsString(), intent.shopper(), name);
        String reason = read.get("reason").getAsString();
        assertEquals(reason.isEmpty() ? "none" : reason, intent.reason().name().toLowerCase(Locale.ROOT), name);
        if (intent.missing()) {
            return;
        }
        assertEquals(read.get("schema").getAsInt(), intent.schema(), name);
        assertEquals(read.get("position").getAsString(), intent.position(), name);
        assertEquals(read.get("source").getAsString(), intent.source(), name);
        assertEquals(read.get("as_of_ms").getAsLong(), intent.asOfMs(), name);
        assertEquals(read.get("written_at_ms").getAsLong(), intent.writtenAtMs(), name);
        assertEquals(read.get("stage").getAsString(), intent.stage(), name);
        assertEquals(read.get("mission").getAsString(), intent.mission(), name);
        assertEquals(read.get("category").getAsString(), intent.category(), name);
        assertEquals(read.get("brand").getAsString(), intent.brand(), name);
        assertEquals(read.get("confidence").getAsDouble(), intent.confidence(), name);
        assertEquals(price(read.get("price_low")), intent.priceLow(), name);
        assertEquals(price(read.get("price_high")), intent.priceHigh(), name);
        assertEquals(read.get("currency").getAsString(), intent.currency(), name);
        assertEquals(names(read.get("purposes")), intent.purposes(), name);
        assertEquals(names(read.get("next_categories")), Optional.of(intent.nextCategories()), name);
        assertEquals(Optional.of(fixture.getAsJsonObject("fields").get("doc").getAsString()), intent.doc(), name);
    }

    private static OptionalDouble price(JsonElement told) {
        return told.isJsonNull() ? OptionalDouble.empty() : OptionalDouble.of(told.getAsDouble());
    }

    private static Optional<List<String>> names(JsonElement told) {
        return told.isJsonNull()
                ? Optional.empty()
                : Optional.of(told.getAsJsonArray().asList().stream().map(JsonElement::getAsString).toList());
    }

    private static List<JsonObject> cases() throws IOException {
        JsonArray all = JsonParser.parseString(Files.readString(Path.of("..", "fixtures", "intents.json")))
                .getAsJsonArray();
        return StreamSupport.stream(all.spliterator(), false)
                .map(JsonElement::getAsJsonObject)
                .toList();
    }

    private static IntentReader open(String where) {
        String url = System.getProperty(where, "");
        assumeTrue(!url.isEmpty(), "tests/readers/test_java.py says where Redis is");
        Options options = PATIENT.withNamespace(System.getProperty("penchant.namespace"));
        return new IntentReader(url, where.endsWith("cluster") ? options.withCluster() : options);
    }
}
