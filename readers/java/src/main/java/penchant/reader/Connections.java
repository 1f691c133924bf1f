package penchant.reader;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.ValueListOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** Makes the connection when it is first needed, and again when that has failed. Once made, it mends itself. */
final class Connections implements AutoCloseable {
    private static final Duration MEND_FIRST = Duration.ofMillis(50);
    private static final Duration MEND_AT_LEAST_EVERY = Duration.ofSeconds(2);
    private static final Duration CLOSE_WITHIN = Duration.ofSeconds(2);

    private final ClientResources resources = ClientResources.builder()
            .ioThreadPoolSize(2)
            .computationThreadPoolSize(2)
            .reconnectDelay(Delay.exponential(MEND_FIRST, MEND_AT_LEAST_EVERY, 2, TimeUnit.MILLISECONDS))
            .build();
    private final AbstractRedisClient client;
    private final Supplier<CompletionStage<Connection>> connect;
    private CompletableFuture<Connection> connection;

    Connections(String url, boolean cluster) {
        RedisURI uri = RedisURI.create(url);
        if (cluster) {
            RedisClusterClient nodes = RedisClusterClient.create(resources, uri);
            nodes.setOptions(clusterOptions());
            client = nodes;
            connect = () -> nodes.refreshPartitionsAsync()
                    .thenCompose(told -> nodes.connectAsync(StringCodec.UTF8))
                    .thenApply(made -> new Open(each -> each.forEach(made::dispatch), key -> holder(nodes, key)));
        } else {
            RedisClient server = RedisClient.create(resources, uri);
            server.setOptions(ClientOptions.builder()
                    .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
                    .build());
            client = server;
            connect = () -> server.connectAsync(StringCodec.UTF8, uri)
                    .thenApply(made -> new Open(made::dispatch, key -> ""));
        }
    }

    /** The connection, or its making; whoever waits for it bounds that. */
    synchronized CompletableFuture<Connection> get() {
        if (connection == null || connection.isCompletedExceptionally()) {
            try {
                connection = connect.get().toCompletableFuture();
            } catch (RedisException | IllegalStateException error) { // e.g. after close
                connection = CompletableFuture.failedFuture(error);
            }
        }
        return connection;
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, CLOSE_WITHIN);
        resources.shutdown(0, CLOSE_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSE_WITHIN.toMillis());
    }

    private static ClusterClientOptions clusterOptions() {
        ClusterTopologyRefreshOptions refresh = ClusterTopologyRefreshOptions.builder()
                .enableAllAdaptiveRefreshTriggers()
                .adaptiveRefreshTriggersTimeout(MEND_AT_LEAST_EVERY)
                .build();
        return ClusterClientOptions.builder()
                .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
                .topologyRefreshOptions(refresh)
                .build();
    }

    private static String holder(RedisClusterClient nodes, String key) {
        RedisClusterNode node = nodes.getPartitions().getPartitionBySlot(SlotHash.getSlot(key));
        return node == null ? "" : node.getNodeId();
    }

    /**
     * How commands are sent, and who holds a key. One server is written to once for all of them. On a cluster they are
     * sent one by one: given many, Lettuce waits for the connections of nodes that it has not reached yet.
     */
    private record Open(Consumer<List<AsyncCommand<String, String, List<String>>>> dispatch,
            Function<String, String> holder) implements Connection {
        @Override
        public List<CompletableFuture<List<String>>> hmget(List<String> keys, List<String> fields) {
            List<AsyncCommand<String, String, List<String>>> commands =
                    keys.stream().map(key -> command(key, fields)).toList();
            try {
                if (!commands.isEmpty()) {
                    dispatch.accept(commands);
                }
            } catch (RedisException error) { // what goes wrong at once goes wrong like all the rest
                commands.forEach(command -> command.completeExceptionally(error));
            }
            return commands.stream().map(AsyncCommand::toCompletableFuture).toList();
        }

        @Override
        public String home(String key) {
            return holder.apply(key);
        }

        private static AsyncCommand<String, String, List<String>> command(String key, List<String> fields) {
            CommandArgs<String, String> args = new CommandArgs<>(StringCodec.UTF8).addKey(key);
            fields.forEach(args::add);
            return new AsyncCommand<>(new Command<>(CommandType.HMGET, new ValueListOutput<>(StringCodec.UTF8), args));
        }
    }
}
