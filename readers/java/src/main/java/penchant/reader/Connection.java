package penchant.reader;

import io.lettuce.core.KeyValue;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** An open connection to one server, or to all nodes of a cluster. */
interface Connection {
    /** Asks for fields of a hash; the stage fails when that cannot be done now. */
    CompletionStage<List<KeyValue<String, String>>> hmget(String key, String... fields);

    /** Names the server that holds a key. */
    String home(String key);
}
