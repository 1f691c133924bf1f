package penchant.reader;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One call over an open connection, for so many shoppers: what it asks, and what the replies come to. */
final class Call {
    private final Connection connection;
    private final Circuits circuits;
    private final Failures failures;
    private final int shoppers;
    private final Map<Circuit, Boolean> allowed = new IdentityHashMap<>();
    private final Set<Circuit> answering = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<String> counted = new HashSet<>();
    // One for all of a call: a stack trace for each of a thousand would take longer than the call may.
    private final ExecutionException refused = new ExecutionException(new CircuitOpenException());
    private final TimeoutException late = new TimeoutException("no reply in time");

    Call(Connection connection, Circuits circuits, Failures failures, int shoppers) {
        this.connection = connection;
        this.circuits = circuits;
        this.failures = failures;
        this.shoppers = shoppers;
    }

    /** Asks for all in one go. Each circuit is asked once, by the first round trip of a call. */
    List<Asked> ask(List<String> keys, List<String> fields) {
        List<Circuit> circuit =
                keys.stream().map(key -> circuits.of(connection.home(key), shoppers)).toList();
        List<Integer> places = new ArrayList<>();
        for (int at = 0; at < keys.size(); at++) {
            if (allowed.computeIfAbsent(circuit.get(at), each -> each.allows(System.nanoTime()))) {
                places.add(at);
            }
        }
        List<Asked> asked = new ArrayList<>();
        circuit.forEach(each -> asked.add(new Asked(each, null)));
        List<CompletableFuture<List<String>>> replies =
                connection.hmget(places.stream().map(keys::get).toList(), fields);
        for (int at = 0; at < places.size(); at++) {
            asked.set(places.get(at), new Asked(circuit.get(places.get(at)), replies.get(at)));
        }
        return asked;
    }

    /**
     * The values of a reply that came in time.
     *
     * @throws ExecutionException when the server failed, or the reply is an error
     * @throws TimeoutException when there is none yet
     */
    List<String> values(Asked asked, long endsNanos) throws ExecutionException, TimeoutException {
        if (asked.reply() == null) {
            throw refused;
        }
        try {
            List<String> values = inTime(asked.reply(), endsNanos);
            asked.circuit().worked();
            answering.add(asked.circuit());
            return values;
        } catch (TimeoutException error) {
            asked.reply().cancel(false);
            if (!answering.contains(asked.circuit())) { // who answers some of a call is there, though too slow for all
                asked.circuit().failed(System.nanoTime());
            }
            throw error;
        } catch (ExecutionException error) {
            if (Failures.blames(error)) {
                asked.circuit().failed(System.nanoTime());
            }
            throw error;
        }
    }

    /** Counts what an outage does to a call once, and all else each time. */
    void count(Exception error) {
        boolean outage = Failures.blames(error) || error.getCause() instanceof CircuitOpenException;
        if (!outage || counted.add(Failures.cause(error).toString())) {
            failures.add(error);
        }
    }

    private List<String> inTime(CompletableFuture<List<String>> reply, long endsNanos)
            throws ExecutionException, TimeoutException {
        if (!reply.isDone() && System.nanoTime() - endsNanos >= 0) {
            throw late;
        }
        try {
            return await(reply, endsNanos);
        } catch (TimeoutException first) {
            throw late;
        }
    }

    static <T> T await(CompletableFuture<T> future, long endsNanos) throws ExecutionException, TimeoutException {
        try {
            return future.get(Math.max(endsNanos - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt(); // the caller's to act on
            throw new ExecutionException(interrupted);
        } catch (CancellationException cancelled) {
            throw new ExecutionException(cancelled); // the connection was closed
        }
    }

    /** What was asked of a server with this circuit; without a reply when it was not. */
    record Asked(Circuit circuit, CompletableFuture<List<String>> reply) {}
}
