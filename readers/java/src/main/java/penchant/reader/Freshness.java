package penchant.reader;

import java.time.Duration;

/**
 * How old an intent may be before a ranker leaves it aside, by its source, counted from the last event that it includes.
 *
 * <p>The rules know less of a shopper than the model, so what they say is used for a shorter time.
 */
public record Freshness(Duration model, Duration rules) {
    /** A quarter of an hour, and five minutes. */
    public static final Freshness USUAL = new Freshness(Duration.ofMinutes(15), Duration.ofMinutes(5));

    /** The highest age for a source; for one that is not known here the lower of both. */
    public Duration age(String source) {
        return switch (source) {
            case "model" -> model;
            case "rules" -> rules;
            default -> model.compareTo(rules) < 0 ? model : rules;
        };
    }
}
