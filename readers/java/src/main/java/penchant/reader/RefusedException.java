package penchant.reader;

/** The service refuses a request, and will again. Its words say which field or token is wrong. */
final class RefusedException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    RefusedException(String why) {
        super(why);
    }
}
