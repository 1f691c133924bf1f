package ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.async.RichAsyncFunction;

/**
 * Asks an OpenAI-compatible server about a shopper's window, reads its stream, and writes the answer to Redis. Two
 * calls for one shopper may end in any order: the last to end stands.
 */
final class Ask extends RichAsyncFunction<Tuple3<String, Long, String>, Long> {
  static final LongAdder CALLS = new LongAdder();
  static final Map<String, Long> WRITTEN = new ConcurrentHashMap<>();

  private static final String INSTRUCTIONS = "Say what the shopper is after: stage, mission, category, brand, price.";
  private static final String DATA = "data: ", DONE = "[DONE]";

  private final String model, redis;
  private transient ObjectMapper json;
  private transient HttpClient http;
  private transient RedisClient client;
  private transient RedisAsyncCommands<String, String> commands;

  Ask(String model, String redis) {
    this.model = model;
    this.redis = redis;
  }

  @Override
  public void open(OpenContext context) {
    json = new ObjectMapper();
    http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    client = RedisClient.create(redis);
    commands = client.connect().async();
  }

  @Override
  public void close() {
    if (client != null) client.shutdown();
  }

  @Override
  public void asyncInvoke(Tuple3<String, Long, String> asked, ResultFuture<Long> result) throws IOException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(model + "/chat/completions"))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofByteArray(question(asked.f2)))
        .build();
    http.sendAsync(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
        .thenCompose(reply -> write(asked.f0, asked.f1, text(reply.body())))
        .whenComplete((offset, error) -> {
          if (error != null) result.completeExceptionally(error);
          else result.complete(List.of(offset));
        });
  }

  private byte[] question(String window) throws IOException {
    Map<String, String> system = Map.of("role", "system", "content", INSTRUCTIONS);
    Map<String, String> user = Map.of("role", "user", "content", window);
    return json.writeValueAsBytes(
        Map.of("model", "minimal", "stream", true, "max_tokens", 96, "messages", List.of(system, user)));
  }

  private String text(String stream) {
    StringBuilder text = new StringBuilder(256);
    stream.lines().filter(line -> line.startsWith(DATA) && !line.endsWith(DONE)).forEach(line -> {
      try {
        JsonNode choice = json.readTree(line.substring(DATA.length())).path("choices").path(0);
        text.append(choice.path("delta").path("content").asText(""));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    });
    return text.toString();
  }

  private CompletionStage<Long> write(String shopper, long offset, String answer) {
    Map<String, String> fields = Map.of("doc", answer, "source", "model", "position", Long.toString(offset));
    return commands.hset("flink:{" + shopper + "}:intent", fields).thenApply(added -> {
      CALLS.increment();
      WRITTEN.put(shopper, offset);
      return offset;
    });
  }
}
