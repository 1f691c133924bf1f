package penchant.reader;

import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;

/**
 * Reads intents; one for a process, shared by its threads.
 *
 * <p>A call returns within its timeout, connecting included, whatever Redis or the network does: what could not be read
 * is {@code missing} and {@code failed}, and counted in {@link #failures}. A strict reader throws {@link
 * ReadFailedException} instead. A server that failed is not asked again for a moment.
 */
public final class IntentReader implements AutoCloseable {
    private static final Duration OPEN_FIRST = Duration.ofMillis(50);
    private static final String[] FIELDS = ReadIntent.FIELDS.toArray(String[]::new);

    private final Options options;
    private final Connections connections;
    private final Circuit connecting;
    private final Map<String, Circuit> circuits = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> failures = new ConcurrentHashMap<>();

    /**
     * Does not connect yet.
     *
     * @param url {@code redis://host:6379}, {@code rediss://} for TLS; of any node of a cluster
     */
    public IntentReader(String url, Options options) {
        this.options = options;
        this.connections = new Connections(url, options.cluster());
        this.connecting = circuit();
    }

    /** With the usual options. */
    public IntentReader(String url) {
        this(url, Options.USUAL);
    }

    /**
     * Connects and asks for nobody's intent, which in a JVM that has just started takes longer than a ranker has.
     *
     * @return whether that came about in time
     */
    public boolean connect(Duration within) {
        long endsNanos = System.nanoTime() + within.toNanos();
        try {
            await(reply(connection(endsNanos), key("")), endsNanos);
            return true;
        } catch (ExecutionException | TimeoutException | CircuitOpenException error) {
            return false;
        }
    }

    /** One shopper's intent. */
    public ReadIntent get(String shopper) {
        return getMany(List.of(shopper)).get(0);
    }

    /** The intents of many, in the order given, in one round trip; on a cluster, one to each node. */
    public List<ReadIntent> getMany(List<String> shoppers) {
        long endsNanos = System.nanoTime() + options.timeout().toNanos();
        Connection connection;
        try {
            connection = connection(endsNanos);
        } catch (ExecutionException | TimeoutException | CircuitOpenException error) {
            fail(error);
            return shoppers.stream().map(shopper -> ReadIntent.nothing(shopper, true, nowMs())).toList();
        }
        Map<Circuit, Boolean> allowed = new IdentityHashMap<>();
        List<Asked> asked = shoppers.stream().map(shopper -> ask(connection, shopper, allowed)).toList();
        Set<String> told = new HashSet<>();
        List<ReadIntent> intents = new ArrayList<>(asked.size());
        for (Asked each : asked) {
            intents.add(answer(each, endsNanos, told));
        }
        return intents;
    }

    /** What was swallowed so far: how often, by the name of the error. An outage counts once a call. */
    public Map<String, Long> failures() {
        Map<String, Long> counts = new TreeMap<>();
        failures.forEach((name, count) -> counts.put(name, count.sum()));
        return counts;
    }

    @Override
    public void close() {
        connections.close();
    }

    private Connection connection(long endsNanos) throws ExecutionException, TimeoutException, CircuitOpenException {
        CompletableFuture<Connection> made = connections.get();
        if (made.isDone() && !made.isCompletedExceptionally()) {
            return made.join();
        }
        if (!connecting.allows(System.nanoTime())) {
            throw new CircuitOpenException();
        }
        try {
            Connection connection = await(made, endsNanos);
            connecting.worked();
            return connection;
        } catch (ExecutionException | TimeoutException error) {
            connecting.failed(System.nanoTime());
            throw error;
        }
    }

    /** Each circuit is asked once a call, as a call is one round trip. */
    private Asked ask(Connection connection, String shopper, Map<Circuit, Boolean> allowed) {
        String key = key(shopper);
        Circuit circuit = circuits.computeIfAbsent(connection.home(key), home -> circuit());
        if (!allowed.computeIfAbsent(circuit, each -> each.allows(System.nanoTime()))) {
            return new Asked(shopper, circuit, CompletableFuture.failedFuture(new CircuitOpenException()));
        }
        return new Asked(shopper, circuit, reply(connection, key));
    }

    /** What goes wrong at once goes wrong like all the rest. */
    private static CompletableFuture<List<KeyValue<String, String>>> reply(Connection connection, String key) {
        try {
            return connection.hmget(key, FIELDS).toCompletableFuture();
        } catch (RedisException error) {
            return CompletableFuture.failedFuture(error);
        }
    }

    private String key(String shopper) {
        return options.namespace() + ":{" + shopper + "}:intent";
    }

    private ReadIntent answer(Asked asked, long endsNanos, Set<String> told) {
        try {
            List<KeyValue<String, String>> reply = await(asked.reply(), endsNanos);
            asked.circuit().worked();
            List<String> values = reply.stream().map(value -> value.getValueOrElse(null)).toList();
            return ReadIntent.decode(asked.shopper(), values, nowMs());
        } catch (ExecutionException | TimeoutException | IllegalArgumentException error) {
            asked.reply().cancel(false);
            boolean away = blames(error);
            if (away) {
                asked.circuit().failed(System.nanoTime());
            }
            if (!(away || error.getCause() instanceof CircuitOpenException) || told.add(cause(error).toString())) {
                fail(error);
            }
            return ReadIntent.nothing(asked.shopper(), true, nowMs());
        }
    }

    private static <T> T await(CompletableFuture<T> future, long endsNanos)
            throws ExecutionException, TimeoutException {
        try {
            return future.get(Math.max(endsNanos - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt(); // the caller's to act on
            throw new ExecutionException(interrupted);
        } catch (CancellationException cancelled) {
            throw new ExecutionException(cancelled); // the connection was closed
        }
    }

    /** Whether an error is about the server, not about a key, a value or whoever asks. */
    private static boolean blames(Exception error) {
        Throwable cause = error.getCause();
        return error instanceof TimeoutException
                || cause != null
                        && !(cause instanceof RedisCommandExecutionException
                                || cause instanceof CircuitOpenException
                                || cause instanceof InterruptedException);
    }

    private void fail(Exception error) {
        Throwable told = cause(error);
        if (options.strict()) {
            throw new ReadFailedException(told);
        }
        failures.computeIfAbsent(told.getClass().getSimpleName(), name -> new LongAdder()).increment();
    }

    private static Throwable cause(Exception error) {
        return error instanceof ExecutionException ? error.getCause() : error;
    }

    private Circuit circuit() {
        Duration timeout = options.timeout();
        return new Circuit(timeout.compareTo(OPEN_FIRST) > 0 ? timeout : OPEN_FIRST, options.circuit());
    }

    private static long nowMs() {
        return System.currentTimeMillis();
    }

    private record Asked(String shopper, Circuit circuit, CompletableFuture<List<KeyValue<String, String>>> reply) {}
}
