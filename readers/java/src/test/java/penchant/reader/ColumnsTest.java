package penchant.reader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** An intent's numbers are those of readers/fixtures/vectors.json, as with the Python reader. */
class ColumnsTest {
    private static JsonObject fixtures() throws IOException {
        return JsonParser.parseString(Files.readString(Path.of("..", "fixtures", "vectors.json"))).getAsJsonObject();
    }

    @Test
    void columnsAreThoseOfTheFingerprint() throws IOException {
        assertEquals(fixtures().get("version").getAsInt(), Columns.VERSION);
        assertEquals(fixtures().get("fingerprint").getAsString(), Columns.FINGERPRINT);
        List<String> names = StreamSupport.stream(fixtures().getAsJsonArray("columns").spliterator(), false)
                .map(JsonElement::getAsString)
                .toList();
        assertEquals(names, Columns.NAMES);
    }

    @Test
    void vectorsAreWhatTheFixturesSay() throws IOException {
        for (JsonElement each : fixtures().getAsJsonArray("cases")) {
            JsonObject fixture = each.getAsJsonObject();
            JsonObject fields = fixture.getAsJsonObject("fields");
            List<String> values = new ArrayList<>();
            Decoding.HOT.forEach(name -> values.add(fields.has(name) ? fields.get(name).getAsString() : null));
            ReadIntent intent =
                    Decoding.decode("ada", values, fixture.get("read_at_ms").getAsLong(), Freshness.USUAL);
            double[] told = StreamSupport.stream(fixture.getAsJsonArray("vector").spliterator(), false)
                    .mapToDouble(JsonElement::getAsDouble)
                    .toArray();
            assertArrayEquals(told, intent.asVector(), 1e-12, fixture.get("case").getAsString());
            assertArrayEquals(told, Columns.matrix(List.of(intent))[0], 1e-12);
        }
    }
}
