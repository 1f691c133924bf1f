package ingest;

import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Key, value, offset and timestamp of what a topic holds. The first one starts the clock. */
final class Records implements KafkaRecordDeserializationSchema<Tuple4<String, byte[], Long, Long>> {
  /** A cluster of one task in this process. */
  static StreamExecutionEnvironment flink(Configuration options) {
    options.setString("taskmanager.memory.managed.size", "16m");
    options.setString("taskmanager.memory.network.min", "64m");
    options.setString("taskmanager.memory.network.max", "64m");
    StreamExecutionEnvironment flink = StreamExecutionEnvironment.createLocalEnvironment(1, options);
    flink.getConfig().enableObjectReuse();
    return flink;
  }

  /** From the topic's begin; `bounded`: to what is its end now. */
  static DataStream<Tuple4<String, byte[], Long, Long>> of(
      StreamExecutionEnvironment flink, String bootstrap, String topic, boolean bounded) {
    KafkaSourceBuilder<Tuple4<String, byte[], Long, Long>> source =
        KafkaSource.<Tuple4<String, byte[], Long, Long>>builder()
            .setBootstrapServers(bootstrap)
            .setTopics(topic)
            .setGroupId("flink-" + ProcessHandle.current().pid())
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setProperty("max.poll.records", "1000")
            .setDeserializer(new Records());
    if (bounded) source.setBounded(OffsetsInitializer.latest());
    return flink.fromSource(source.build(), WatermarkStrategy.noWatermarks(), "kafka");
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Tuple4<String, byte[], Long, Long>> out) {
    Clock.start();
    String key = new String(record.key(), StandardCharsets.UTF_8);
    out.collect(Tuple4.of(key, record.value(), record.offset(), record.timestamp()));
  }

  @Override
  public TypeInformation<Tuple4<String, byte[], Long, Long>> getProducedType() {
    return Types.TUPLE(Types.STRING, Types.PRIMITIVE_ARRAY(Types.BYTE), Types.LONG, Types.LONG);
  }
}
