package penchant.reader;

import java.util.List;
import java.util.Set;

/**
 * What is asked of each shopper.
 *
 * @param whole whether the document is read, too; all hot fields always are
 * @param purpose what the intent is used for, or empty; whoever did not agree to it is missing
 * @param purposeStrict whether those are missing, too, of whom the writer did not say what they agreed to
 */
public record Query(boolean whole, String purpose, boolean purposeStrict) {
    /** The hot fields, some hundred bytes a shopper. */
    public static final Query HOT = new Query(false, "", false);

    /** The document, too, a thousand bytes more. */
    public static final Query WHOLE = new Query(true, "", false);

    /** What a shopper may have agreed to. */
    private static final Set<String> PURPOSES = Set.of("advertising", "personalisation");

    public Query {
        if (!purpose.isEmpty() && !PURPOSES.contains(purpose)) {
            throw new IllegalArgumentException("purpose: '%s' is none; there are advertising and personalisation, and the empty text for none".formatted(purpose));
        }
    }

    public Query forPurpose(String purpose) {
        return new Query(whole, purpose, purposeStrict);
    }

    public Query strictly() {
        return new Query(whole, purpose, true);
    }

    List<String> fields() {
        return whole ? Decoding.ALL : Decoding.HOT;
    }

    /** What is asked for before the fields. */
    List<String> packed() {
        return whole ? Decoding.PACKED_WHOLE : Decoding.PACKED;
    }

    /** The intent, or nothing for who did not agree to the purpose. */
    ReadIntent answer(ReadIntent intent) {
        if (purpose.isEmpty() || intent.missing() || intent.agrees(purpose, purposeStrict)) {
            return intent;
        }
        return ReadIntent.nothing(intent.shopper(), Reason.PURPOSE, intent.readAtMs());
    }
}
