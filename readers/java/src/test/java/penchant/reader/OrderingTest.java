package penchant.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** The order of candidates is what readers/fixtures/orders.json says, as with the Python reader and the service. */
class OrderingTest {
    @Test
    void orderAndScoresAreTheServices() throws IOException {
        JsonObject fixtures =
                JsonParser.parseString(Files.readString(Path.of("..", "fixtures", "orders.json"))).getAsJsonObject();
        List<Candidate> candidates =
                all(fixtures, "candidates").map(OrderingTest::candidate).toList();
        assertFalse(all(fixtures, "cases").toList().isEmpty());
        all(fixtures, "cases").forEach(fixture -> {
            JsonElement told = fixture.get("last");
            Candidate last = told.isJsonNull() ? null : candidate(told.getAsJsonObject());
            Ordering.By by = Ordering.By.valueOf(fixture.get("by").getAsString().toUpperCase(Locale.ROOT));
            Fit fit = Fit.of(intent(fixture, fixtures.get("read_at_ms").getAsLong()));
            List<Ordering.Scored> found = Ordering.of(fit, candidates, last, by);
            String name = fixture.get("case").getAsString();
            List<JsonObject> expected = all(fixture, "order").toList();
            for (int at = 0; at < candidates.size(); at++) {
                assertEquals(expected.get(at).get("item").getAsString(), found.get(at).candidate().item(), name);
                assertEquals(expected.get(at).get("score").getAsDouble(), found.get(at).score(), 2e-6, name);
            }
        });
    }

    private static Stream<JsonObject> all(JsonObject from, String name) {
        return StreamSupport.stream(from.getAsJsonArray(name).spliterator(), false).map(JsonElement::getAsJsonObject);
    }

    private static ReadIntent intent(JsonObject fixture, long readAtMs) {
        JsonObject fields = fixture.getAsJsonObject("fields");
        List<String> values = new ArrayList<>();
        Decoding.ALL.forEach(name -> values.add(fields.has(name) ? fields.get(name).getAsString() : null));
        return Decoding.decode("ada", values, readAtMs, Freshness.USUAL);
    }

    private static Candidate candidate(JsonObject told) {
        JsonElement price = told.get("price");
        return new Candidate(
                told.has("item") ? told.get("item").getAsString() : "",
                told.get("category").getAsString(),
                told.get("brand").getAsString(),
                price.isJsonNull() ? OptionalDouble.empty() : OptionalDouble.of(price.getAsDouble()));
    }
}
