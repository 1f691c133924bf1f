package penchant.reader;

/**
 * What is asked beside the candidates.
 *
 * @param purpose what the answer is used for, such as {@code advertising}; empty for none
 * @param reasons the language of reasons, such as {@code en}; empty for none
 * @param scores whether a model scores the best twenty, if it is in time
 * @param sentence whether a model says the reasons of the first in a sentence, if it is in time
 */
public record MatchQuery(String purpose, String reasons, boolean scores, boolean sentence) {
    /** The order alone. */
    public static final MatchQuery ORDER = new MatchQuery("", "", false, false);

    public MatchQuery forPurpose(String purpose) {
        return new MatchQuery(purpose, reasons, scores, sentence);
    }

    public MatchQuery withReasons(String language) {
        return new MatchQuery(purpose, language, scores, sentence);
    }

    public MatchQuery withScores() {
        return new MatchQuery(purpose, reasons, true, sentence);
    }

    public MatchQuery withSentence() {
        return new MatchQuery(purpose, reasons, scores, true);
    }
}
