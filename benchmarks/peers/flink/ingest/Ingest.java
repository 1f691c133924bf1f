package ingest;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;

/**
 * The work of folding.py on Apache Flink: events from Kafka, validated and folded into keyed state on the heap.
 * Arguments: BOOTSTRAP TOPIC EVENTS.
 */
public final class Ingest {
  private static long events, left;
  private static final Map<String, Session> SESSIONS = new HashMap<>();

  public static void main(String[] args) throws Exception {
    events = left = Long.parseLong(args[2]);
    StreamExecutionEnvironment flink = Records.flink(new Configuration());
    Records.of(flink, args[0], args[1], false)
        .keyBy(record -> record.f0)
        .process(new Counted())
        .sinkTo(new DiscardingSink<>());
    flink.execute("ingest");
  }

  static final class Counted extends Fold<Void> {
    @Override
    void folded(Event event, Session session, boolean entered, Collector<Void> out) {
      if (session.first()) SESSIONS.put(event.shopperId, session);
      if (--left == 0) report();
    }
  }

  /** Prints what folding.py reports, and ends the process at once. */
  private static void report() {
    double seconds = Clock.seconds(), cpu = Clock.cpuSeconds();
    long digest = SESSIONS.entrySet().stream().mapToLong(each -> each.getValue().digest(each.getKey())).sum();
    System.out.printf("{\"events\": %d, \"seconds\": %f, \"cpu_s\": %f, \"digest\": %d}%n", events, seconds, cpu, digest);
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }
}
