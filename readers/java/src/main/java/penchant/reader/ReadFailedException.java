package penchant.reader;

/** Redis did not answer in time, or what it holds cannot be read. Only strict readers throw it. */
public final class ReadFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ReadFailedException(Throwable cause) {
        super(cause.getClass().getSimpleName() + ": " + cause.getMessage(), cause);
    }
}
