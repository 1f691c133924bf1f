package ingest;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.datastream.AsyncDataStream;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;

/**
 * Ingest, and by async I/O a model's answer to each event that asks for one, written to Redis. It ends with the topic.
 * Arguments: BOOTSTRAP TOPIC MODEL REDIS AT_ONCE. Checkpoints go to files: in memory Flink keeps no more than 5 MB of
 * them, and a job with more state fails at each checkpoint and begins anew from an earlier one, for ever.
 */
public final class Calls {
  private static final int TIMEOUT_S = 30;
  private static final String CHECKPOINT_EVERY = "10 s";
  private static final Map<String, Long> ASKED = new ConcurrentHashMap<>();
  private static volatile long events;

  public static void main(String[] args) throws Exception {
    Path folder = Files.createTempDirectory("flink-checkpoints");
    StreamExecutionEnvironment flink = Records.flink(options(folder));
    DataStream<Tuple3<String, Long, String>> asked =
        Records.of(flink, args[0], args[1], true).keyBy(record -> record.f0).process(new Asking(), Asking.TYPE);
    int atOnce = Integer.parseInt(args[4]);
    AsyncDataStream.unorderedWait(asked, new Ask(args[2], args[3]), TIMEOUT_S, TimeUnit.SECONDS, atOnce)
        .sinkTo(new DiscardingSink<>());
    flink.execute("calls");
    report();
  }

  private static Configuration options(Path folder) {
    Configuration options = new Configuration();
    options.setString("execution.checkpointing.interval", CHECKPOINT_EVERY);
    options.setString("execution.checkpointing.storage", "filesystem");
    options.setString("execution.checkpointing.dir", folder.toUri().toString());
    options.setString("restart-strategy.type", "none");
    return options;
  }

  /** Shopper, offset and window of each event that asks for a call. */
  static final class Asking extends Fold<Tuple3<String, Long, String>> {
    static final TypeInformation<Tuple3<String, Long, String>> TYPE =
        Types.TUPLE(Types.STRING, Types.LONG, Types.STRING);

    @Override
    void folded(Event event, Session session, boolean entered, Collector<Tuple3<String, Long, String>> out) {
      events++;
      if (!entered || !event.asks()) return;
      ASKED.put(event.shopperId, session.folded());
      out.collect(Tuple3.of(event.shopperId, session.folded(), session.lines()));
    }
  }

  /** `fresh` counts the shoppers whose last answer written is that to their last event that asked. */
  private static void report() {
    double seconds = Clock.seconds(), cpu = Clock.cpuSeconds();
    long fresh =
        ASKED.entrySet().stream().filter(each -> each.getValue().equals(Ask.WRITTEN.get(each.getKey()))).count();
    System.out.printf(
        "{\"events\": %d, \"calls\": %d, \"shoppers\": %d, \"fresh\": %d, \"seconds\": %f, \"cpu_s\": %f}%n",
        events, Ask.CALLS.sum(), ASKED.size(), fresh, seconds, cpu);
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }
}
