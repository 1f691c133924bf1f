package penchant.reader;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** An open connection to one server, or to all nodes of a cluster. */
interface Connection {
    /** Asks for fields of hashes, all in one go; a stage fails when that cannot be done now. */
    List<CompletableFuture<List<String>>> hmget(List<String> keys, List<String> fields);

    /** Names the server that holds a key. */
    String home(String key);
}
