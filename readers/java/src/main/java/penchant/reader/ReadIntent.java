package penchant.reader;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a shopper is after. When {@code missing}, every other field is empty.
 *
 * <p>{@code missing} means that there is nothing to use: no intent is known, or it could not be read, which {@code
 * failed} tells apart. Text and prices are empty where the intent does not say. Times are milliseconds since the epoch.
 *
 * @param source {@code model}, or {@code rules} while no model was to be had
 * @param asOfMs event time of the latest event that is included
 * @param confidence 0 to 1
 * @param doc the whole intent as JSON (docs/intent.schema.json), to be parsed with whatever the ranker has; {@code {}}
 *     when missing
 */
public record ReadIntent(
        String shopper, boolean missing, boolean failed, int schema, String position, String source, long asOfMs,
        long writtenAtMs, String stage, String mission, String category, String brand, double confidence,
        OptionalDouble priceLow, OptionalDouble priceHigh, String doc, long readAtMs) {

    /** The highest schema number whose fields mean what they mean here. */
    public static final int SCHEMA = 1;

    /** What is asked of the hash, in the order in which {@link #decode} expects it. */
    static final List<String> FIELDS = List.of(
            "schema", "position", "source", "as_of", "written_at", "stage", "mission", "category", "brand",
            "confidence", "price_low", "price_high", "doc");

    static ReadIntent nothing(String shopper, boolean failed, long readAtMs) {
        return new ReadIntent(
                shopper, true, failed, 0, "", "", 0, 0, "", "", "", "", 0,
                OptionalDouble.empty(), OptionalDouble.empty(), "{}", readAtMs);
    }

    /**
     * Makes an intent of the values of FIELDS, null where the hash lacks the field.
     *
     * @throws IllegalArgumentException when some are missing, are not what they should be, or are of a later schema
     */
    static ReadIntent decode(String shopper, List<String> values, long readAtMs) {
        long present = values.stream().filter(Objects::nonNull).count();
        if (present == 0) {
            return nothing(shopper, false, readAtMs);
        }
        if (present < FIELDS.size()) {
            throw new IllegalArgumentException("only " + present + " of " + FIELDS.size() + " fields are there");
        }
        int schema = Integer.parseInt(values.get(0));
        if (schema > SCHEMA) {
            throw new IllegalArgumentException(
                    "schema " + schema + " is later than " + SCHEMA + ": upgrade penchant-reader");
        }
        return new ReadIntent(
                shopper, false, false, schema, values.get(1), values.get(2), Long.parseLong(values.get(3)),
                Long.parseLong(values.get(4)), values.get(5), values.get(6), values.get(7), values.get(8),
                Double.parseDouble(values.get(9)), price(values.get(10)), price(values.get(11)), values.get(12),
                readAtMs);
    }

    /** From the last event that the intent includes to the read; empty when missing. */
    public Optional<Duration> age() {
        return missing ? Optional.empty() : Optional.of(Duration.ofMillis(readAtMs - asOfMs));
    }

    /** Whether the intent is older than this, or missing. */
    public boolean stale(Duration after) {
        return missing || readAtMs - asOfMs > after.toMillis();
    }

    private static OptionalDouble price(String text) {
        return text.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(text));
    }
}
