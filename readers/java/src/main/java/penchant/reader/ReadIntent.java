package penchant.reader;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a shopper is after. When {@code missing}, every other field is empty.
 *
 * <p>{@code missing} means that there is nothing to use, and {@code reason} says why; {@code failed} tells a read that
 * came to nothing from a shopper of whom nothing may be told. Text and prices are empty where the intent does not say.
 * Times are milliseconds since the epoch.
 *
 * @param source {@code model}, or {@code rules} while no model was to be had
 * @param asOfMs event time of the latest event that is included
 * @param confidence 0 to 1
 * @param purposes what the shopper agreed to; empty where the writer did not say
 * @param nextCategories those, at most two, that the shopper has not looked at and others went on to
 * @param doc the whole intent as JSON (docs/intent.schema.json), to be parsed with whatever the ranker has; empty when
 *     missing, and when it was not asked for
 * @param freshness how old it may be before it is stale
 */
public record ReadIntent(
        String shopper, boolean missing, boolean failed, Reason reason, int schema, String position, String source,
        long asOfMs, long writtenAtMs, String stage, String mission, String category, String brand, double confidence,
        OptionalDouble priceLow, OptionalDouble priceHigh, String currency, Optional<List<String>> purposes,
        List<String> nextCategories, Optional<String> doc, long readAtMs, Freshness freshness) {

    static ReadIntent nothing(String shopper, Reason reason, long readAtMs) {
        boolean failed = reason != Reason.ABSENT && reason != Reason.PURPOSE;
        return new ReadIntent(
                shopper, true, failed, reason, 0, "", "", 0, 0, "", "", "", "", 0, OptionalDouble.empty(),
                OptionalDouble.empty(), "", Optional.empty(), List.of(), Optional.empty(), readAtMs, Freshness.USUAL);
    }

    /** From the last event that the intent includes to the read; empty when missing. */
    public Optional<Duration> age() {
        return missing ? Optional.empty() : Optional.of(Duration.ofMillis(readAtMs - asOfMs));
    }

    /** Whether the intent is missing, or older than the reader's {@link Freshness} has it for its source. */
    public boolean stale() {
        return stale(freshness.age(source));
    }

    /** Whether the intent is missing, or older than this. */
    public boolean stale(Duration after) {
        return missing || readAtMs - asOfMs > after.toMillis();
    }

    /** Whether the shopper agreed to a purpose. Where the writer did not say, only a strict caller is told no. */
    public boolean agrees(String purpose, boolean strict) {
        return purposes.map(agreed -> agreed.contains(purpose)).orElse(!strict);
    }

    /** The intent as numbers, in the order of {@link Columns#NAMES}. */
    public double[] asVector() {
        return Columns.vector(this);
    }
}
