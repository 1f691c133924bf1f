package penchant.reader;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** An intent from the values of its hash. */
final class Decoding {
    /** The highest contract number that is understood here. */
    static final int SCHEMA = 2;

    /** What a ranker needs without parsing, in the order in which it is asked for. */
    static final List<String> HOT = List.of(
            "schema", "position", "source", "as_of", "written_at", "stage", "mission", "category", "brand",
            "confidence", "price_low", "price_high", "currency", "purposes", "next_categories");

    /** The hot fields and the document. */
    static final List<String> ALL = List.of(
            "schema", "position", "source", "as_of", "written_at", "stage", "mission", "category", "brand",
            "confidence", "price_low", "price_high", "currency", "purposes", "next_categories", "doc");

    /** What a hash of contract 1 lacks. */
    private static final Set<String> OPTIONAL = Set.of("currency", "purposes", "next_categories");

    private Decoding() {}

    /**
     * Makes an intent of the values of HOT or ALL, null where the hash lacks the field.
     *
     * @throws IllegalArgumentException when some are missing, are not what they should be, or are of a later contract
     */
    static ReadIntent decode(String shopper, List<String> values, long readAtMs, Freshness freshness) {
        if (values.size() != HOT.size() && values.size() != ALL.size()) {
            throw new IllegalArgumentException("the reply has " + values.size() + " values");
        }
        if (values.stream().allMatch(Objects::isNull)) {
            return ReadIntent.nothing(shopper, Reason.ABSENT, readAtMs);
        }
        for (int at = 0; at < values.size(); at++) {
            if (values.get(at) == null && !OPTIONAL.contains(ALL.get(at))) {
                throw new IllegalArgumentException("the hash lacks " + ALL.get(at));
            }
        }
        int schema = Integer.parseInt(values.get(0));
        if (schema > SCHEMA) {
            throw new IllegalArgumentException(
                    "schema " + schema + " is later than " + SCHEMA + ": upgrade penchant-reader");
        }
        return new ReadIntent(
                shopper, false, false, Reason.NONE, schema, values.get(1), values.get(2),
                Long.parseLong(values.get(3)), Long.parseLong(values.get(4)), values.get(5), values.get(6),
                values.get(7), values.get(8), number(values.get(9)), price(values.get(10)), price(values.get(11)),
                Objects.requireNonNullElse(values.get(12), ""), Optional.ofNullable(values.get(13)).map(Decoding::names),
                lines(values.get(14)), values.size() > HOT.size() ? Optional.of(values.get(15)) : Optional.empty(),
                readAtMs, freshness);
    }

    private static double number(String text) {
        double number = Double.parseDouble(text);
        if (!Double.isFinite(number)) {
            throw new IllegalArgumentException("'" + text + "' is no number");
        }
        return number;
    }

    private static OptionalDouble price(String text) {
        return text.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(number(text));
    }

    private static List<String> lines(String text) {
        return text == null || text.isEmpty() ? List.of() : List.of(text.split("\n"));
    }

    private static List<String> names(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(","));
    }
}
