package penchant.reader;

/** The server failed a moment ago and is not asked again yet. */
final class CircuitOpenException extends Exception {
    private static final long serialVersionUID = 1;

    CircuitOpenException() {
        super("the server has failed a moment ago", null, false, false); // no stack trace: there are many of them
    }
}
