import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Sends the lines of stdin, each with the key KEY: java -cp JARS Produce.java BOOTSTRAP TOPIC CODEC KEY. */
public final class Produce {
    public static void main(String[] arguments) throws Exception {
        Map<String, Object> options = Map.of(
                "bootstrap.servers", arguments[0], "compression.type", arguments[2], "linger.ms", 50,
                "key.serializer", ByteArraySerializer.class, "value.serializer", ByteArraySerializer.class);
        byte[] key = arguments[3].getBytes(StandardCharsets.UTF_8);
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(options)) {
            for (String line : new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                producer.send(new ProducerRecord<>(arguments[1], key, line.getBytes(StandardCharsets.UTF_8)));
            }
            producer.flush();
        }
    }
}
