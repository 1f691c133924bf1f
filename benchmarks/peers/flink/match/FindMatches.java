package match;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.async.RichAsyncFunction;
import penchant.reader.IntentReader;
import penchant.reader.MatchClient;
import penchant.reader.MatchQuery;
import penchant.reader.Options;
import penchant.reader.ReadIntent;

/**
 * For each shopper the candidates, the fittest first, by `penchant serve`, and the stage of their intent, or why there
 * is none, by Redis: the two at once. Neither client is late or fails, so that Flink's own timeout ends nothing.
 */
final class FindMatches extends RichAsyncFunction<String, Tuple4<String, String, String, String>> {
  private static final int READS_AT_ONCE = 4;

  private final String service, token, redis, namespace;
  private final List<String> candidates;
  private transient MatchClient matches;
  private transient IntentReader reader;
  private transient ExecutorService reading;

  FindMatches(String service, String token, String redis, String namespace, List<String> candidates) {
    this.service = service;
    this.token = token;
    this.redis = redis;
    this.namespace = namespace;
    this.candidates = candidates;
  }

  @Override
  public void open(OpenContext context) {
    Options options = Options.USUAL.withTimeout(Duration.ofSeconds(10)).withNamespace(namespace);
    matches = new MatchClient(service, token, options);
    reader = new IntentReader(redis, options);
    reading = Executors.newFixedThreadPool(READS_AT_ONCE);
    reader.connect(Duration.ofSeconds(10));
  }

  @Override
  public void close() {
    if (reading != null) reading.shutdownNow();
    if (reader != null) reader.close();
  }

  @Override
  public void asyncInvoke(String shopper, ResultFuture<Tuple4<String, String, String, String>> result) {
    CompletableFuture<ReadIntent> intent = CompletableFuture.supplyAsync(() -> reader.get(shopper), reading);
    matches.matchAsync(shopper, candidates, MatchQuery.ORDER.withReasons("en"))
        .thenCombine(intent, (found, read) ->
            Tuple4.of(shopper, stage(read), found.step(), String.join(" ", found.products())))
        .whenComplete((row, error) -> {
          if (error != null) result.completeExceptionally(error);
          else result.complete(List.of(row));
        });
  }

  private static String stage(ReadIntent intent) {
    return intent.missing() ? intent.reason().name().toLowerCase(Locale.ROOT) : intent.stage();
  }
}
