package penchant.reader;

import java.util.OptionalDouble;

/**
 * An item that may be shown, in the words of the events. What is not known is left empty.
 *
 * @param category a path with slashes, broadest part first
 * @param price in the currency of the events
 */
public record Candidate(String item, String category, String brand, OptionalDouble price) {

    /** An item whose price is known. */
    public Candidate(String item, String category, String brand, double price) {
        this(item, category, brand, OptionalDouble.of(price));
    }
}
