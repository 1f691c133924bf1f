package penchant.reader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every candidate once, in time, whatever the service does. */
class MatchClientTest {
    private static final Options PATIENT =
            Options.USUAL.withTimeout(Duration.ofSeconds(30)).withCircuit(Duration.ofMinutes(10));

    private record Reply(int status, String body) {}

    private HttpServer server;
    private volatile Function<JsonObject, Reply> answer = MatchClientTest::turned;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        }));
        server.createContext("/v1/match", exchange -> {
            String asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            JsonObject question = new Gson().fromJson(asked, JsonObject.class);
            question.addProperty("token", exchange.getRequestHeaders().getFirst("Authorization"));
            Reply reply = answer.apply(question);
            byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(reply.status(), body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void theAnswerIsAsTheServiceSays() {
        MatchClient client = client("secret", PATIENT);
        Matches found = client.match(7, List.of("a", "b", "a", "c"), MatchQuery.ORDER.withReasons("de").withScores());
        assertEquals(List.of("c", "b", "a"), found.products());
        assertEquals(List.of("Bearer secret", "de", "true"), found.notes());
        assertEquals(List.of("in words"), found.matches().get(0).pro());
        assertEquals("features", found.step());
        assertFalse(found.failed());
    }

    @Test
    void aSentenceComesWhereItIsAskedFor() {
        MatchClient client = client("", PATIENT);
        MatchQuery query = MatchQuery.ORDER.withReasons("en").withSentence();
        assertEquals("It fits.", client.match("ada", List.of("a", "b"), query).sentence());
        assertEquals("", client.match("ada", List.of("a", "b"), MatchQuery.ORDER).sentence());
        answer = question -> new Reply(503, "{}");
        assertEquals("", client.match("ada", List.of("a", "b"), query).sentence());
    }

    @Test
    void whatCannotBeAskedAboutComesLast() {
        List<Object> ids = new ArrayList<>(Arrays.asList("a{b}", null, 1.5));
        for (int at = 0; at < 102; at++) {
            ids.add("sku-" + at);
        }
        Matches found = client("", PATIENT).match("ada", ids, MatchQuery.ORDER);
        assertEquals("sku-99", found.products().get(0));
        assertEquals(List.of("a{b}", "null", "1.5", "sku-100", "sku-101"), found.products().subList(100, 105));
        assertEquals(Reason.ID, client("", PATIENT).match(null, List.of("a"), MatchQuery.ORDER).reason());
    }

    @Test
    void theOrderGivenStandsWhereThereIsNoAnswer() {
        expect(new Reply(503, "{}"), Reason.UNAVAILABLE, Reason.CIRCUIT);
        expect(new Reply(429, "{}"), Reason.UNAVAILABLE, Reason.CIRCUIT);
        expect(new Reply(401, "{}"), Reason.REFUSED, Reason.REFUSED);
        expect(new Reply(422, ""), Reason.REFUSED, Reason.REFUSED);
        for (String odd : List.of("oops", "[]", "{}", "5", "", "{\"matches\": 5}", "{\"matches\": [{}]}")) {
            expect(new Reply(200, odd), Reason.UNREADABLE, Reason.UNREADABLE);
        }
    }

    @Test
    void itDoesNotWaitLongerThanItMay() throws IOException {
        try (ServerSocket hanging = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String url = "http://127.0.0.1:" + hanging.getLocalPort();
            MatchClient client = new MatchClient(url, "", PATIENT.withTimeout(Duration.ofMillis(500)));
            assertEquals(Reason.TIMEOUT, client.match("ada", List.of("a", "b"), MatchQuery.ORDER).reason());
            assertEquals(Reason.CIRCUIT, client.match("ada", List.of("a", "b"), MatchQuery.ORDER).reason());
        }
    }

    @Test
    void manyAreAskedAtOnce() {
        MatchClient client = client("", PATIENT);
        List<CompletableFuture<Matches>> asked = new ArrayList<>();
        for (int at = 0; at < 32; at++) {
            asked.add(client.matchAsync(at, List.of("a" + at, "b" + at), MatchQuery.ORDER));
        }
        for (int at = 0; at < 32; at++) {
            assertEquals(List.of("b" + at, "a" + at), asked.get(at).join().products());
        }
    }

    private void expect(Reply reply, Reason first, Reason second) {
        answer = question -> reply;
        MatchClient client = client("", PATIENT);
        Matches found = client.match("ada", List.of("a", "b"), MatchQuery.ORDER);
        assertEquals(List.of("a", "b"), found.products());
        assertTrue(found.failed());
        assertEquals(first, found.reason(), reply.toString());
        assertEquals(second, client.match("ada", List.of("a"), MatchQuery.ORDER).reason());
        MatchClient strict = client("", PATIENT.withStrict());
        assertThrows(ReadFailedException.class, () -> strict.match("ada", List.of("a", "b"), MatchQuery.ORDER));
    }

    private MatchClient client(String token, Options options) {
        return new MatchClient("http://127.0.0.1:" + server.getAddress().getPort(), token, options);
    }

    /** The last candidate is the fittest. */
    private static Reply turned(JsonObject question) {
        JsonArray matches = new JsonArray();
        JsonArray candidates = question.getAsJsonArray("candidates");
        for (int at = candidates.size() - 1; at >= 0; at--) {
            String match = "{\"product\": %s, \"score\": 1, \"fit\": null, \"card\": true, "
                    + "\"for\": [{\"text\": \"in words\"}], \"against\": []}";
            matches.add(new Gson().fromJson(match.formatted(candidates.get(at)), JsonObject.class));
        }
        JsonArray notes = new JsonArray();
        for (String name : List.of("token", "reasons", "scores")) {
            notes.add(question.get(name).isJsonNull() ? "" : question.get(name).getAsString());
        }
        JsonObject told = new JsonObject();
        told.add("matches", matches);
        told.add("notes", notes);
        told.addProperty("step", "features");
        if (question.get("sentence").getAsBoolean()) { // services before it say none
            told.addProperty("sentence", "It fits.");
        }
        return new Reply(200, told.toString());
    }
}
