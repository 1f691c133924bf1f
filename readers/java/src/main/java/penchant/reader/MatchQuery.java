package penchant.reader;

/**
 * What is asked beside the candidates.
 *
 * @param purpose what the answer is used for, such as {@code advertising}; empty for none
 * @param reasons the language of reasons, such as {@code en}; empty for none
 * @param scores whether a model scores the best twenty, if it is in time
 */
public record MatchQuery(String purpose, String reasons, boolean scores) {
    /** The order alone. */
    public static final MatchQuery ORDER = new MatchQuery("", "", false);

    public MatchQuery forPurpose(String purpose) {
        return new MatchQuery(purpose, reasons, scores);
    }

    public MatchQuery withReasons(String language) {
        return new MatchQuery(purpose, language, scores);
    }

    public MatchQuery withScores() {
        return new MatchQuery(purpose, reasons, true);
    }
}
