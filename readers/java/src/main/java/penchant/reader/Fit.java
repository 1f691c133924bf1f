package penchant.reader;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * How candidate items fit an intent, as numbers for a ranker's model: the same as the Python reader's {@code features}.
 *
 * <p>Made once for an intent that was read with its document ({@link Query#WHOLE}), then asked for each candidate. It
 * needs Gson, which the pom names as optional, and is safe for many threads.
 */
public final class Fit {
    /** The numbers in their order, each between 0 and 1. New ones are added at the end. */
    public static final List<String> NAMES = List.of(
            "known", "category", "category_leads", "brand", "brand_leads", "price", "price_place", "price_known",
            "avoid_item", "avoid_category", "avoid_brand", "stage", "confidence", "freshness");

    private static final Gson GSON = new Gson();
    private static final List<String> STAGES = List.of("explore", "compare", "decide", "cart", "purchase");
    private static final Map<String, Double> AVOIDED = Map.of("removed", 1.0, "returned", 1.0, "seen-not-clicked", 0.5);
    private static final double REASON_NOT_KNOWN = 0.5;

    private final ReadIntent intent;
    private final List<String> leading;
    private final String brand;
    private final double freshness;
    private final List<Wanted> categories = new ArrayList<>();
    private final Map<String, Double> brands = new HashMap<>();
    private final Map<String, Double> avoidItems = new HashMap<>();
    private final Map<List<String>, Double> avoidCategories = new HashMap<>();
    private final Map<String, Double> avoidBrands = new HashMap<>();

    private record Wanted(List<String> path, double weight) {}

    private Fit(ReadIntent intent) {
        this.intent = intent;
        leading = parts(intent.category());
        brand = plain(intent.brand());
        double[] vector = Columns.vector(intent);
        freshness = vector[vector.length - 1];
    }

    /**
     * Of an intent. One that is missing gives zeros.
     *
     * @throws IllegalArgumentException when the intent was read without its document, or the document is none
     */
    public static Fit of(ReadIntent intent) {
        Fit fit = new Fit(intent);
        if (!intent.missing()) {
            String doc = intent.doc().orElseThrow(
                    () -> new IllegalArgumentException("the intent was read without its document: use Query.WHOLE"));
            try {
                fit.take(GSON.fromJson(doc, JsonObject.class));
            } catch (JsonParseException | IllegalStateException | ClassCastException | NullPointerException
                    | UnsupportedOperationException error) {
                throw new IllegalArgumentException("the document is none: " + error.getMessage(), error);
            }
        }
        return fit;
    }

    /** The candidate's numbers, in the order of {@link #NAMES}. */
    public double[] features(Candidate candidate) {
        double[] row = new double[NAMES.size()];
        if (intent.missing()) {
            return row;
        }
        List<String> path = parts(candidate.category());
        String named = plain(candidate.brand());
        row[0] = 1;
        for (Wanted each : categories) {
            row[1] = Math.max(row[1], each.weight() * overlap(each.path(), path));
        }
        row[2] = overlap(leading, path);
        if (!named.isEmpty()) {
            row[3] = brands.getOrDefault(named, 0.0);
            row[4] = named.equals(brand) ? 1 : 0;
            row[10] = avoidBrands.getOrDefault(named, 0.0);
        }
        price(row, candidate.price());
        row[8] = avoidItems.getOrDefault(plain(candidate.item()), 0.0);
        avoidCategories.forEach((wanted, much) -> {
            boolean within = path.size() >= wanted.size() && path.subList(0, wanted.size()).equals(wanted);
            row[9] = within ? Math.max(row[9], much) : row[9];
        });
        row[11] = Math.max(STAGES.indexOf(intent.stage()), 0) / (double) (STAGES.size() - 1);
        row[12] = Math.min(Math.max(intent.confidence(), 0), 1);
        row[13] = freshness;
        return row;
    }

    ReadIntent intent() {
        return intent;
    }

    /** Whether it is known: tables say NaN of what they lack. */
    static boolean isPrice(double price) {
        return price > 0 && price < Double.POSITIVE_INFINITY;
    }

    private void price(double[] row, OptionalDouble price) {
        double asked = price.orElse(0);
        if (!isPrice(asked) || intent.priceLow().isEmpty() || intent.priceHigh().isEmpty()) {
            return;
        }
        double low = intent.priceLow().getAsDouble();
        double high = intent.priceHigh().getAsDouble();
        row[7] = 1;
        if (asked < low) {
            row[5] = asked / low;
        } else if (asked > high) {
            row[5] = high / asked;
            row[6] = 1;
        } else {
            row[5] = 1;
            row[6] = high > low ? (asked - low) / (high - low) : 0.5;
        }
    }

    private void take(JsonObject doc) {
        each(doc, "categories").forEach(it -> categories.add(new Wanted(parts(text(it, "name")), weight(it))));
        each(doc, "brands").forEach(it -> brands.put(plain(text(it, "name")), weight(it)));
        for (JsonObject it : each(doc, "avoid")) {
            double much = AVOIDED.getOrDefault(text(it, "reason"), REASON_NOT_KNOWN);
            switch (text(it, "kind")) {
                case "item" -> avoidItems.put(plain(text(it, "value")), much);
                case "category" -> avoidCategories.put(parts(plain(text(it, "value"))), much);
                case "brand" -> avoidBrands.put(plain(text(it, "value")), much);
                default -> { } // of a later version
            }
        }
    }

    private static List<JsonObject> each(JsonObject doc, String name) {
        List<JsonObject> found = new ArrayList<>();
        if (doc.has(name)) {
            for (JsonElement element : doc.getAsJsonArray(name)) {
                found.add(element.getAsJsonObject());
            }
        }
        return found;
    }

    private static String text(JsonObject from, String name) {
        return from.get(name).getAsString();
    }

    private static double weight(JsonObject from) {
        return from.get("weight").getAsDouble();
    }

    /** Shared leading parts over those of the longer path. */
    static double overlap(List<String> wanted, List<String> path) {
        if (wanted.isEmpty() || path.isEmpty()) {
            return 0;
        }
        int shared = 0;
        while (shared < Math.min(wanted.size(), path.size()) && wanted.get(shared).equals(path.get(shared))) {
            shared++;
        }
        return shared / (double) Math.max(wanted.size(), path.size());
    }

    static List<String> parts(String path) {
        return path.isEmpty() ? List.of() : List.of(plain(path).split("/", -1));
    }

    /** As Python's casefold: by way of capitals, since some letters are small in two ways, and one is large in two. */
    static String plain(String name) {
        return name.strip().toLowerCase(Locale.ROOT).toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    }
}
