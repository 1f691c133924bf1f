package penchant.reader;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/**
 * Asks {@code penchant serve} which candidates fit a shopper; one for a process, shared by its threads. It needs Gson.
 *
 * <p>A call ends within its timeout, connecting included, whatever service and network do: where there is no answer the
 * order given stands, {@code failed}, and is counted in {@link #failures}. A strict client ends with {@link
 * ReadFailedException} instead. A service that failed is left alone for a moment. Candidates behind the first hundred,
 * and what is no id, come last in the order given.
 */
public final class MatchClient {
    /** Those behind them are not asked about. */
    public static final int MOST_CANDIDATES = 100;

    private static final double LEFT = 0.8; // of the timeout: the rest is the network's
    private static final double LONGEST_MS = 10_000;
    private static final Duration OPEN_FIRST = Duration.ofMillis(50);
    private static final Pattern ID = Pattern.compile("[^\\x00-\\x1f\\x7f{}]+");
    private static final int LONGEST_ID = 128;

    private final HttpClient http;
    private final HttpRequest.Builder request;
    private final Options options;
    private final Circuit circuit;
    private final Failures failures;
    private final double deadlineMs;

    /**
     * Does not connect yet.
     *
     * @param url the service's, {@code http://host:8360}
     * @param token a bearer token; empty for none
     * @param options timeout, circuit and whether failures are thrown; the rest is of readers
     */
    public MatchClient(String url, String token, Options options) {
        this.options = options;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1) // the service's: else each first request asks for an upgrade
                .connectTimeout(options.timeout())
                .build();
        this.request = HttpRequest.newBuilder(URI.create(url + "/v1/match"))
                .timeout(options.timeout())
                .header("Content-Type", "application/json");
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        Duration first = options.timeout().compareTo(OPEN_FIRST) > 0 ? options.timeout() : OPEN_FIRST;
        this.circuit = new Circuit(first, options.circuit());
        this.failures = new Failures(options.strict());
        this.deadlineMs = Math.min(Math.max(options.timeout().toNanos() / 1e6 * LEFT, 1), LONGEST_MS);
    }

    /** All candidates, each once, the fittest first. */
    public Matches match(Object shopper, List<?> candidates, MatchQuery query) {
        try {
            return matchAsync(shopper, candidates, query).join();
        } catch (CompletionException error) {
            if (error.getCause() instanceof ReadFailedException failed) {
                throw failed;
            }
            throw error;
        }
    }

    /** The same, for whoever does not wait: it is never completed late, and never with an error but by a strict one. */
    public CompletableFuture<Matches> matchAsync(Object shopper, List<?> candidates, MatchQuery query) {
        Map<String, Boolean> given = new LinkedHashMap<>();
        candidates.forEach(each -> given.putIfAbsent(shown(each), isId(each)));
        List<String> known = given.keySet().stream().filter(given::get).limit(MOST_CANDIDATES).toList();
        List<String> rest = new ArrayList<>(given.keySet());
        rest.removeAll(new HashSet<>(known));
        String name = shown(shopper);
        List<String> order = List.copyOf(given.keySet());
        if (known.isEmpty() || !isId(shopper)) {
            return failed(name, order, new InvalidIdException("the shopper's id, or every candidate's, is none"));
        }
        if (!circuit.allows(System.nanoTime())) {
            return failed(name, order, new CircuitOpenException());
        }
        String body = MatchJson.question(name, known, query, deadlineMs);
        HttpRequest asked = request.copy().POST(HttpRequest.BodyPublishers.ofString(body)).build();
        CompletableFuture<HttpResponse<String>> reply = http.sendAsync(asked, HttpResponse.BodyHandlers.ofString());
        return reply.copy()
                .orTimeout(options.timeout().toNanos(), TimeUnit.NANOSECONDS)
                .thenApply(response -> answer(name, known, rest, response))
                .exceptionallyCompose(error -> {
                    reply.cancel(true);
                    return failed(name, order, judged(error));
                });
    }

    /** What was swallowed so far: how often, by the name of the error. */
    public Map<String, Long> failures() {
        return failures.counts();
    }

    private Matches answer(String shopper, List<String> known, List<String> rest, HttpResponse<String> response) {
        int status = response.statusCode();
        if (status == 408 || status == 429 || status >= 500) {
            throw new CompletionException(new IOException("the service cannot answer now: HTTP " + status));
        }
        circuit.worked();
        if (status != 200) {
            throw new RefusedException("HTTP " + status + ": " + response.body());
        }
        return MatchJson.answer(shopper, known, rest, response.body());
    }

    /** The error itself; one that is about the service opens the circuit. */
    private Exception judged(Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        boolean late = cause instanceof TimeoutException || cause instanceof HttpTimeoutException;
        if (late || cause instanceof IOException) {
            circuit.failed(System.nanoTime());
        }
        if (late) {
            return new TimeoutException("no answer in time");
        }
        return cause instanceof Exception exception ? exception : new IllegalStateException(cause);
    }

    private CompletableFuture<Matches> failed(String shopper, List<String> order, Exception error) {
        try {
            failures.add(error);
        } catch (ReadFailedException thrown) {
            return CompletableFuture.failedFuture(thrown);
        }
        Reason reason = error instanceof RefusedException ? Reason.REFUSED : Failures.reason(error);
        return CompletableFuture.completedFuture(Matches.given(shopper, order, reason));
    }

    private static boolean isId(Object said) {
        try {
            String text = Ids.text(said);
            return text.codePointCount(0, text.length()) <= LONGEST_ID && ID.matcher(text).matches();
        } catch (InvalidIdException error) {
            return false;
        }
    }

    private static String shown(Object said) {
        try {
            return Ids.text(said);
        } catch (InvalidIdException error) {
            return String.valueOf(said);
        }
    }
}
