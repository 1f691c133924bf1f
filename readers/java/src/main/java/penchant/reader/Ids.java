package penchant.reader;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** What a ranker calls a shopper, as the text that stands in the key. */
final class Ids {
    private Ids() {}

    /**
     * The id as text.
     *
     * @throws InvalidIdException for what is neither text, nor a whole number, nor UTF-8 bytes, and for empty text
     */
    static String text(Object shopper) throws InvalidIdException {
        String text = written(shopper);
        if (text.isEmpty()) {
            throw new InvalidIdException("an id is empty: leave the shopper out");
        }
        return text;
    }

    private static String written(Object shopper) throws InvalidIdException {
        try {
            if (shopper instanceof CharSequence text) {
                StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text)); // half a surrogate pair has no form
                return text.toString();
            }
            if (shopper instanceof byte[] bytes) {
                return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            }
        } catch (CharacterCodingException error) {
            throw new InvalidIdException("an id of type " + shopper.getClass().getSimpleName() + " has no UTF-8 form");
        }
        if (shopper instanceof Long || shopper instanceof Integer || shopper instanceof Short
                || shopper instanceof Byte || shopper instanceof BigInteger) {
            return shopper.toString();
        }
        String type = shopper == null ? "null" : shopper.getClass().getSimpleName();
        throw new InvalidIdException("an id is text, a whole number or UTF-8 bytes, not " + type);
    }
}
