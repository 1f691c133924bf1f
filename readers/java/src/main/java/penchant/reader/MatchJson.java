package penchant.reader;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** What a match looks like on the wire. */
final class MatchJson {
    private static final Gson GSON = new Gson();

    private MatchJson() {}

    static String question(String shopper, List<String> candidates, MatchQuery query, double deadlineMs) {
        JsonObject asked = new JsonObject();
        asked.addProperty("shopper", shopper);
        asked.add("candidates", GSON.toJsonTree(candidates));
        asked.addProperty("deadline_ms", deadlineMs);
        asked.addProperty("purpose", query.purpose());
        if (query.reasons().isEmpty()) {
            asked.addProperty("reasons", false);
        } else {
            asked.addProperty("reasons", query.reasons());
        }
        asked.addProperty("scores", query.scores());
        asked.addProperty("sentence", query.sentence());
        return GSON.toJson(asked);
    }

    /**
     * The answer, with {@code rest} behind it.
     *
     * @throws IllegalArgumentException for what is none, or is not about these candidates
     */
    static Matches answer(String shopper, List<String> candidates, List<String> rest, String body) {
        List<Matches.Match> found = new ArrayList<>();
        try {
            JsonObject told = GSON.fromJson(body, JsonObject.class);
            for (JsonElement each : told.getAsJsonArray("matches")) {
                found.add(match(each.getAsJsonObject()));
            }
            boolean complete = found.size() == candidates.size()
                    && new HashSet<>(found.stream().map(Matches.Match::product).toList())
                            .equals(new HashSet<>(candidates));
            if (!complete) {
                throw new IllegalArgumentException("the answer is not about the candidates that were asked about");
            }
            found.addAll(Matches.unknown(rest));
            List<String> notes = texts(told.getAsJsonArray("notes"));
            String sentence = told.has("sentence") ? told.get("sentence").getAsString() : "";
            String step = told.get("step").getAsString();
            return new Matches(shopper, List.copyOf(found), step, notes, false, Reason.NONE, sentence);
        } catch (JsonParseException | IllegalStateException | ClassCastException | NullPointerException
                | UnsupportedOperationException error) {
            throw new IllegalArgumentException("the answer is no match: " + error.getMessage(), error);
        }
    }

    private static Matches.Match match(JsonObject told) {
        JsonElement fit = told.get("fit");
        return new Matches.Match(
                told.get("product").getAsString(),
                told.get("score").getAsDouble(),
                fit.isJsonNull() ? Double.NaN : fit.getAsDouble(),
                told.get("card").getAsBoolean(),
                reasons(told.getAsJsonArray("for")),
                reasons(told.getAsJsonArray("against")));
    }

    private static List<String> reasons(JsonArray told) {
        return stream(told).map(each -> each.getAsJsonObject().get("text").getAsString()).toList();
    }

    private static List<String> texts(JsonArray told) {
        return stream(told).map(JsonElement::getAsString).toList();
    }

    private static Stream<JsonElement> stream(JsonArray told) {
        return StreamSupport.stream(told.spliterator(), false);
    }
}
