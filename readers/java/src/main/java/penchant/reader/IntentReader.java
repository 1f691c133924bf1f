package penchant.reader;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

/**
 * Reads intents; one for a process, shared by its threads.
 *
 * <p>A call returns within its timeout, connecting included, whatever Redis or the network does: what could not be read
 * is {@code missing} and {@code failed}, and counted in {@link #failures}. A strict reader throws {@link
 * ReadFailedException} instead. A server that failed is not asked again for a moment; reads of more than fifty shoppers
 * do not hold up smaller ones.
 *
 * <p>A shopper's id is text, a whole number or UTF-8 bytes; anything else is missing in its place.
 */
public final class IntentReader implements AutoCloseable {
    private final Options options;
    private final Connections connections;
    private final Circuits circuits;
    private final Circuit connecting;
    private final Failures failures;

    /**
     * Does not connect yet.
     *
     * @param url {@code redis://host:6379}, {@code rediss://} for TLS; of any node of a cluster
     */
    public IntentReader(String url, Options options) {
        this.options = options;
        this.connections = new Connections(url, options.cluster());
        this.circuits = new Circuits(options.timeout(), options.circuit());
        this.connecting = circuits.another();
        this.failures = new Failures(options.strict());
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
            Connection connection = connection(endsNanos);
            Call.await(connection.hmget(List.of(key("")), Decoding.PACKED).get(0), endsNanos);
            return true;
        } catch (ExecutionException | TimeoutException | CircuitOpenException error) {
            return false;
        }
    }

    /** One shopper's intent, the document included. */
    public ReadIntent get(Object shopper) {
        return get(shopper, Query.WHOLE);
    }

    /** One shopper's intent. */
    public ReadIntent get(Object shopper, Query query) {
        return getMany(Collections.singletonList(shopper), query).get(0);
    }

    /** The hot fields of many. */
    public List<ReadIntent> getMany(List<?> shoppers) {
        return getMany(shoppers, Query.HOT);
    }

    /**
     * One intent for each id, in the order given, in one round trip; on a cluster, one to each node. What a writer of
     * contract 1 or 2 wrote takes a second one, for those shoppers alone. What came within the timeout is returned, the
     * rest is missing.
     */
    public List<ReadIntent> getMany(List<?> shoppers, Query query) {
        long endsNanos = System.nanoTime() + options.timeout().toNanos();
        List<ReadIntent> intents = new ArrayList<>(shoppers.size());
        List<String> ids = new ArrayList<>(shoppers.size());
        for (Object shopper : shoppers) {
            try {
                ids.add(Ids.text(shopper));
                intents.add(null);
            } catch (InvalidIdException error) {
                failures.add(error);
                intents.add(nothing(shopper instanceof String text ? text : "", error));
            }
        }
        List<ReadIntent> read = ids.isEmpty() ? List.of() : read(ids, query, endsNanos);
        var next = read.iterator();
        intents.replaceAll(intent -> Objects.requireNonNullElseGet(intent, next::next));
        return Collections.unmodifiableList(intents);
    }

    /** What was swallowed so far: how often, by the name of the error. An outage counts once a call. */
    public Map<String, Long> failures() {
        return failures.counts();
    }

    @Override
    public void close() {
        connections.close();
    }

    private List<ReadIntent> read(List<String> ids, Query query, long endsNanos) {
        Connection connection;
        try {
            connection = connection(endsNanos);
        } catch (ExecutionException | TimeoutException | CircuitOpenException error) {
            failures.add(error);
            return ids.stream().map(id -> nothing(id, error)).toList();
        }
        Call call = new Call(connection, circuits, failures, ids.size());
        List<Optional<ReadIntent>> read = trip(call, ids, query.packed(), Decoding::decodePacked, endsNanos);
        List<String> unpacked =
                IntStream.range(0, ids.size()).filter(at -> read.get(at).isEmpty()).mapToObj(ids::get).toList();
        Iterator<Optional<ReadIntent>> again =
                trip(call, unpacked, query.fields(), IntentReader::decoded, endsNanos).iterator();
        return read.stream().map(first -> query.answer(first.or(again::next).orElseThrow())).toList();
    }

    /** One round trip; empty for whom another has to be made. */
    private List<Optional<ReadIntent>> trip(
            Call call, List<String> ids, List<String> fields, Decoder decoder, long endsNanos) {
        List<Call.Asked> asked = call.ask(ids.stream().map(this::key).toList(), fields);
        List<Optional<ReadIntent>> intents = new ArrayList<>(ids.size());
        for (int at = 0; at < ids.size(); at++) {
            intents.add(intent(call, ids.get(at), asked.get(at), decoder, endsNanos));
        }
        return intents;
    }

    private Optional<ReadIntent> intent(Call call, String id, Call.Asked asked, Decoder decoder, long endsNanos) {
        try {
            return decoder.decode(id, call.values(asked, endsNanos), nowMs(), options.freshness());
        } catch (ExecutionException | TimeoutException | IllegalArgumentException error) {
            call.count(error);
            return Optional.of(nothing(id, error));
        }
    }

    private static Optional<ReadIntent> decoded(String id, List<String> values, long readAtMs, Freshness freshness) {
        return Optional.of(Decoding.decode(id, values, readAtMs, freshness));
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
            Connection connection = Call.await(made, endsNanos);
            connecting.worked();
            return connection;
        } catch (ExecutionException | TimeoutException error) {
            connecting.failed(System.nanoTime());
            throw error;
        }
    }

    private String key(String id) {
        return options.namespace() + ":{" + id + "}:intent";
    }

    private static ReadIntent nothing(String id, Exception error) {
        return ReadIntent.nothing(id, Failures.reason(error), nowMs());
    }

    private static long nowMs() {
        return System.currentTimeMillis();
    }

    /** An intent of a reply's values; empty where another round trip has to be made. */
    private interface Decoder {
        Optional<ReadIntent> decode(String id, List<String> values, long readAtMs, Freshness freshness);
    }
}
