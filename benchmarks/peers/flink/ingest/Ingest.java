package ingest;

import com.fasterxml.jackson.core.JsonFactory;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The work of folding.py on Apache Flink: events from Kafka, validated and folded into keyed state on the heap.
 * Arguments: BOOTSTRAP TOPIC EVENTS. Processor time is the whole process': the JIT and the collector count.
 */
public final class Ingest {
  private static long events, left;
  private static volatile long beganNs, beganCpuNs;
  private static final Map<String, Session> SESSIONS = new HashMap<>();

  public static void main(String[] args) throws Exception {
    events = left = Long.parseLong(args[2]);
    Configuration options = new Configuration();
    options.setString("taskmanager.memory.managed.size", "16m");
    options.setString("taskmanager.memory.network.min", "64m");
    options.setString("taskmanager.memory.network.max", "64m");
    StreamExecutionEnvironment flink = StreamExecutionEnvironment.createLocalEnvironment(1, options);
    flink.getConfig().enableObjectReuse();
    KafkaSource<Tuple4<String, byte[], Long, Long>> source = KafkaSource.<Tuple4<String, byte[], Long, Long>>builder()
        .setBootstrapServers(args[0])
        .setTopics(args[1])
        .setGroupId("flink-" + ProcessHandle.current().pid())
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setProperty("max.poll.records", "1000")
        .setDeserializer(new Records())
        .build();
    flink.fromSource(source, WatermarkStrategy.noWatermarks(), "kafka")
        .keyBy(record -> record.f0)
        .process(new Fold())
        .sinkTo(new DiscardingSink<>());
    flink.execute("ingest");
  }

  /** Key, value, offset and timestamp. The first one starts the clock. */
  static final class Records implements KafkaRecordDeserializationSchema<Tuple4<String, byte[], Long, Long>> {
    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Tuple4<String, byte[], Long, Long>> out) {
      if (beganNs == 0) {
        beganCpuNs = cpuNs();
        beganNs = System.nanoTime();
      }
      String key = new String(record.key(), StandardCharsets.UTF_8);
      out.collect(Tuple4.of(key, record.value(), record.offset(), record.timestamp()));
    }

    @Override
    public TypeInformation<Tuple4<String, byte[], Long, Long>> getProducedType() {
      return Types.TUPLE(Types.STRING, Types.PRIMITIVE_ARRAY(Types.BYTE), Types.LONG, Types.LONG);
    }
  }

  static final class Fold extends KeyedProcessFunction<String, Tuple4<String, byte[], Long, Long>, Void> {
    private transient JsonFactory json;
    private transient ValueState<Session> state;

    @Override
    public void open(OpenContext context) {
      json = new JsonFactory();
      state = getRuntimeContext().getState(new ValueStateDescriptor<>("session", Session.class));
    }

    @Override
    public void processElement(Tuple4<String, byte[], Long, Long> record, Context context, Collector<Void> out)
        throws Exception {
      Event event = Event.read(json, record.f1);
      if (!event.shopperId.equals(record.f0)) throw new IOException("the key is another shopper's");
      Session session = state.value();
      if (session == null) SESSIONS.put(record.f0, session = new Session());
      session.fold(event, record.f2, record.f3);
      state.update(session);
      if (--left == 0) report();
    }
  }

  /** Prints what folding.py reports, and ends the process at once. */
  private static void report() {
    double seconds = (System.nanoTime() - beganNs) / 1e9, cpu = (cpuNs() - beganCpuNs) / 1e9;
    long digest = SESSIONS.entrySet().stream().mapToLong(each -> each.getValue().digest(each.getKey())).sum();
    System.out.printf("{\"events\": %d, \"seconds\": %f, \"cpu_s\": %f, \"digest\": %d}%n", events, seconds, cpu, digest);
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  private static long cpuNs() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }
}
