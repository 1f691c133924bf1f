package penchant.reader;

import io.lettuce.core.RedisCommandExecutionException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;

/** What went wrong: counted, or thrown by a strict reader, and what it means for an intent. */
final class Failures {
    private final boolean strict;
    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

    Failures(boolean strict) {
        this.strict = strict;
    }

    /** How often, by the name of the error. */
    Map<String, Long> counts() {
        Map<String, Long> sums = new TreeMap<>();
        counts.forEach((name, count) -> sums.put(name, count.sum()));
        return sums;
    }

    void add(Exception error) {
        Throwable cause = cause(error);
        if (strict) {
            throw new ReadFailedException(cause);
        }
        counts.computeIfAbsent(cause.getClass().getSimpleName(), name -> new LongAdder()).increment();
    }

    static Reason reason(Exception error) {
        Throwable cause = cause(error);
        if (cause instanceof InvalidIdException) {
            return Reason.ID;
        }
        if (cause instanceof CircuitOpenException) {
            return Reason.CIRCUIT;
        }
        if (cause instanceof TimeoutException) {
            return Reason.TIMEOUT;
        }
        boolean anotherType = cause instanceof RedisCommandExecutionException
                && String.valueOf(cause.getMessage()).startsWith("WRONGTYPE");
        return cause instanceof IllegalArgumentException || anotherType ? Reason.UNREADABLE : Reason.UNAVAILABLE;
    }

    /** Whether an error is about the server, not about a key, a value or whoever asks. */
    static boolean blames(Exception error) {
        Throwable cause = error.getCause();
        return error instanceof TimeoutException
                || cause != null
                        && !(cause instanceof RedisCommandExecutionException
                                || cause instanceof CircuitOpenException
                                || cause instanceof InterruptedException);
    }

    static Throwable cause(Exception error) {
        return error instanceof ExecutionException && error.getCause() != null ? error.getCause() : error;
    }
}
