package penchant.reader;

/** What was asked for is no shopper's id. The message leaves the id out. */
final class InvalidIdException extends Exception {
    private static final long serialVersionUID = 1;

    InvalidIdException(String why) {
        super(why, null, false, false); // no stack trace: there may be many of them
    }
}
