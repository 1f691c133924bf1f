package penchant.reader;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Candidates as the first step of a match puts them, in the ranker's own process: the same as the Python reader's {@code
 * in_order}, and what {@code penchant serve} computes of what a {@link Candidate} says.
 *
 * <p>It always answers, waits for nothing, and is safe for many threads.
 */
public final class Ordering {
    private static final Candidate NOTHING = new Candidate("", "", "", OptionalDouble.empty());
    private static final Weights LAST_ALONE = new Weights(0, 0, 0, 0, 0, 0, 2.85, 2.1, 2.3);
    private static final Weights LAST_AND_AVOID = new Weights(0, 0, 0, 0, 0, -10, 2.85, 2.1, 2.3);
    private static final Weights WITH_INTENT = new Weights(0.75, 1.05, 0.55, 0.3, 0.7, -10, 2.2, 0.9, 1.7);

    /** By what candidates are put in order, as {@code match.order} says. */
    public enum By {
        /** The product that the shopper looked at last, and what is to be avoided. */
        LAST,
        /** That and the intent, which alone counts where there is no last product. */
        INTENT
    }

    /** A candidate in its place; only the order of scores means anything. */
    public record Scored(Candidate candidate, double score) {}

    private record Weights(
            double category,
            double brand,
            double brandLeads,
            double price,
            double priceMiddle,
            double avoid,
            double lastCategory,
            double lastBrand,
            double lastPrice) {}

    private Ordering() {}

    /**
     * All candidates, the fittest first; equals, and so everything where nothing is known, keep the order given.
     *
     * @param last the product that the shopper looked at last; null where nobody knows
     */
    public static List<Scored> of(Fit fit, Collection<Candidate> candidates, Candidate last, By by) {
        Weights weights = fit.intent().missing()
                ? LAST_ALONE
                : by == By.INTENT || last == null ? WITH_INTENT : LAST_AND_AVOID;
        Candidate before = last == null ? NOTHING : last;
        return candidates.stream()
                .map(each -> new Scored(each, score(fit, each, before, weights)))
                .sorted(Comparator.comparingDouble(Scored::score).reversed())
                .toList();
    }

    private static double score(Fit fit, Candidate candidate, Candidate last, Weights weights) {
        double[] row = fit.features(candidate);
        ReadIntent intent = fit.intent();
        boolean ranged = intent.priceLow().isPresent() && intent.priceHigh().isPresent();
        double middle = ranged ? Math.sqrt(intent.priceLow().getAsDouble() * intent.priceHigh().getAsDouble()) : 0;
        String brand = Fit.plain(candidate.brand());
        double score = weights.category() * row[1]
                + weights.brand() * row[3]
                + weights.brandLeads() * row[4]
                + weights.price() * row[5]
                + weights.priceMiddle() * ratio(candidate.price().orElse(0), middle)
                + weights.avoid() * Math.max(row[8], Math.max(row[9], row[10]))
                + weights.lastCategory() * Fit.overlap(Fit.parts(last.category()), Fit.parts(candidate.category()))
                + weights.lastBrand() * (!brand.isEmpty() && brand.equals(Fit.plain(last.brand())) ? 1 : 0)
                + weights.lastPrice() * ratio(candidate.price().orElse(0), last.price().orElse(0));
        return Math.rint(score * 1e6) / 1e6;
    }

    /** The smaller of two prices over the larger; 0 where one is not known. */
    private static double ratio(double one, double other) {
        return Fit.isPrice(one) && Fit.isPrice(other) ? Math.min(one, other) / Math.max(one, other) : 0;
    }
}
