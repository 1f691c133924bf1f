package penchant.reader;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What twenty candidates cost a core: CPU time, the best of eight rounds. No test, and so run by its name alone: {@code
 * mvn -q -f readers/java test -Dtest=FitCost}.
 */
class FitCost {
    private static final int CANDIDATES = 20;
    private static final int ROUNDS = 8;
    private static final int TIMES = 20_000;

    @Test
    void measure() throws IOException {
        ReadIntent intent = intent();
        List<Candidate> candidates = IntStream.range(0, CANDIDATES)
                .mapToObj(at -> new Candidate("sku-" + at, "home/kitchen/kettles", at % 2 == 0 ? "Tarn" : "Ålesund", at + 9.99))
                .toList();
        ThreadMXBean cpu = ManagementFactory.getThreadMXBean();
        double sum = 0;
        long best = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long began = cpu.getCurrentThreadCpuTime();
            for (int time = 0; time < TIMES; time++) {
                Fit fit = Fit.of(intent);
                sum += Ordering.of(fit, candidates, candidates.get(0), Ordering.By.INTENT).get(0).score();
            }
            best = Math.min(best, cpu.getCurrentThreadCpuTime() - began);
        }
        System.out.printf(
                "{\"bench\": \"match_parts\", \"candidates\": %d, \"java_order_ms\": %.4f, \"sum\": %.0f}%n",
                CANDIDATES, best / 1e6 / TIMES, sum);
    }

    private static ReadIntent intent() throws IOException {
        String text = Files.readString(Path.of("..", "fixtures", "fits.json"));
        JsonObject fixture = JsonParser.parseString(text).getAsJsonObject().getAsJsonArray("cases").get(0).getAsJsonObject();
        JsonObject fields = fixture.getAsJsonObject("fields");
        List<String> values = new ArrayList<>();
        Decoding.ALL.forEach(name -> values.add(fields.has(name) ? fields.get(name).getAsString() : null));
        return Decoding.decode("ada", values, fixture.get("read_at_ms").getAsLong(), Freshness.USUAL);
    }
}
