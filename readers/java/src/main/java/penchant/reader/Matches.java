package penchant.reader;

import java.util.List;

/**
 * All candidates, each once, the fittest first.
 *
 * @param step the last step that was in time: {@code given}, {@code features} or {@code scores}
 * @param notes what was not known, and what that changed
 * @param failed whether the order given stands for want of an answer
 * @param reason why, where it failed
 * @param sentence a model's words for the reasons of the first; empty where none was asked for, in time, or held
 */
public record Matches(
        String shopper,
        List<Match> matches,
        String step,
        List<String> notes,
        boolean failed,
        Reason reason,
        String sentence) {
    /**
     * A candidate in its place.
     *
     * @param fit the model's score; NaN where it gave none
     * @param card whether the product is known
     * @param pro what speaks for it, in words
     * @param con what speaks against it
     */
    public record Match(
            String product, double score, double fit, boolean card, List<String> pro, List<String> con) {}

    /** The candidates' ids in this order. */
    public List<String> products() {
        return matches.stream().map(Match::product).toList();
    }

    /** The order given, and why. */
    static Matches given(String shopper, List<String> candidates, Reason reason) {
        return new Matches(shopper, unknown(candidates), "given", List.of(), true, reason, "");
    }

    static List<Match> unknown(List<String> candidates) {
        return candidates.stream().map(each -> new Match(each, 0, Double.NaN, false, List.of(), List.of())).toList();
    }
}
