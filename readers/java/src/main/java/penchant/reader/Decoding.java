package penchant.reader;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;

/** An intent from the values of its hash. */
final class Decoding {
    /** The highest contract number that is understood here. */
    static final int SCHEMA = 3;

    /** What a ranker needs without parsing, in the order of the contract's table, which is the packed field's. */
    static final List<String> HOT = List.of(
            "schema", "stage", "mission", "category", "brand", "price_low", "price_high", "currency", "confidence",
            "as_of", "written_at", "source", "purposes", "next_categories", "position");

    /** The hot fields and the document. */
    static final List<String> ALL = with(HOT, "doc");

    /** What is asked for before the hot fields: {@code schema} tells a hash without a packed field from none. */
    static final List<String> PACKED = List.of("packed", "schema");

    /** What is asked for before the hot fields and the document. */
    static final List<String> PACKED_WHOLE = with(PACKED, "doc");

    private static final String PACKED_VERSION = "1";
    private static final String UNSAID = "-";
    private static final int PURPOSES = HOT.indexOf("purposes");

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
        Optional<String> doc = values.size() > HOT.size() ? Optional.of(values.get(HOT.size())) : Optional.empty();
        return intent(shopper, values, doc, readAtMs, freshness);
    }

    /**
     * Makes an intent of the values of PACKED or PACKED_WHOLE.
     *
     * @return empty where the fields have to be read: the hash has no packed one, or one of a version not known here
     * @throws IllegalArgumentException as with {@link #decode}
     */
    static Optional<ReadIntent> decodePacked(String shopper, List<String> values, long readAtMs, Freshness freshness) {
        if (values.size() != PACKED.size() && values.size() != PACKED_WHOLE.size()) {
            throw new IllegalArgumentException("the reply has " + values.size() + " values");
        }
        if (values.stream().allMatch(Objects::isNull)) {
            return Optional.of(ReadIntent.nothing(shopper, Reason.ABSENT, readAtMs));
        }
        List<String> parts = values.get(0) == null ? List.of("") : Arrays.asList(values.get(0).split("\t", -1));
        if (!parts.get(0).equals(PACKED_VERSION)) {
            return Optional.empty();
        }
        if (parts.size() <= HOT.size()) {
            throw new IllegalArgumentException("the packed field has " + (parts.size() - 1) + " values");
        }
        boolean whole = values.size() > PACKED.size();
        if (whole && values.get(PACKED.size()) == null) {
            throw new IllegalArgumentException("the hash lacks doc");
        }
        List<String> texts = parts.subList(1, parts.size());
        if (texts.get(PURPOSES).equals(UNSAID)) {
            texts.set(PURPOSES, null);
        }
        Optional<String> doc = whole ? Optional.of(values.get(PACKED.size())) : Optional.empty();
        return Optional.of(intent(shopper, texts, doc, readAtMs, freshness));
    }

    /** Of the texts of HOT; what follows them is left alone. */
    private static ReadIntent intent(
            String shopper, List<String> values, Optional<String> doc, long readAtMs, Freshness freshness) {
        int schema = Integer.parseInt(values.get(0));
        if (schema > SCHEMA) {
            throw new IllegalArgumentException(
                    "schema " + schema + " is later than " + SCHEMA + ": upgrade penchant-reader");
        }
        return new ReadIntent(
                shopper, false, false, Reason.NONE, schema, values.get(14), values.get(11),
                Long.parseLong(values.get(9)), Long.parseLong(values.get(10)), values.get(1), values.get(2),
                values.get(3), values.get(4), number(values.get(8)), price(values.get(5)), price(values.get(6)),
                Objects.requireNonNullElse(values.get(7), ""),
                Optional.ofNullable(values.get(PURPOSES)).map(Decoding::names), lines(values.get(13)), doc, readAtMs,
                freshness);
    }

    private static List<String> with(List<String> fields, String last) {
        return Stream.concat(fields.stream(), Stream.of(last)).toList();
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
