package penchant.reader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** How candidates fit is what readers/fixtures/fits.json says, as with the Python reader. */
class FitTest {
    private static JsonObject fixtures() throws IOException {
        return JsonParser.parseString(Files.readString(Path.of("..", "fixtures", "fits.json"))).getAsJsonObject();
    }

    @Test
    void namesAreThoseOfPython() throws IOException {
        assertEquals(
                StreamSupport.stream(fixtures().getAsJsonArray("names").spliterator(), false)
                        .map(JsonElement::getAsString)
                        .toList(),
                Fit.NAMES);
    }

    @Test
    void numbersAreWhatTheFixturesSay() throws IOException {
        for (JsonElement each : fixtures().getAsJsonArray("cases")) {
            JsonObject fixture = each.getAsJsonObject();
            Fit fit = Fit.of(intent(fixture));
            for (JsonElement asked : fixture.getAsJsonArray("candidates")) {
                JsonObject told = asked.getAsJsonObject();
                double[] expected = StreamSupport.stream(told.getAsJsonArray("features").spliterator(), false)
                        .mapToDouble(JsonElement::getAsDouble)
                        .toArray();
                assertArrayEquals(expected, fit.features(candidate(told)), 1e-12, told.toString());
            }
        }
    }

    @Test
    void whatIsMissingOrWithoutItsDocumentIsSaid() throws IOException {
        Fit nothing = Fit.of(ReadIntent.nothing("ada", Reason.ABSENT, 0));
        assertArrayEquals(
                new double[Fit.NAMES.size()],
                nothing.features(new Candidate("a", "home", "Tarn", 1.0)));
        JsonObject fixture = fixtures().getAsJsonArray("cases").get(0).getAsJsonObject();
        fixture.getAsJsonObject("fields").addProperty("doc", "[]");
        assertThrows(IllegalArgumentException.class, () -> Fit.of(intent(fixture)));
    }

    private static ReadIntent intent(JsonObject fixture) {
        JsonObject fields = fixture.getAsJsonObject("fields");
        List<String> values = new ArrayList<>();
        Decoding.ALL.forEach(name -> values.add(fields.has(name) ? fields.get(name).getAsString() : null));
        return Decoding.decode("ada", values, fixture.get("read_at_ms").getAsLong(), Freshness.USUAL);
    }

    private static Candidate candidate(JsonObject told) {
        JsonElement price = told.get("price");
        return new Candidate(
                told.get("item").getAsString(),
                told.get("category").getAsString(),
                told.get("brand").getAsString(),
                price.isJsonNull() ? OptionalDouble.empty() : OptionalDouble.of(price.getAsDouble()));
    }
}
