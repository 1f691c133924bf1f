package penchant.reader;

import java.time.Duration;

/**
 * Whether a server is asked at all. It opens at the first failure, lets one call through at a time while open, and
 * closes when one succeeds.
 *
 * <p>It stays open for {@code first}, then for twice as long after each call that was let through in vain, at most
 * {@code most}. With a {@code most} of zero it never opens. Times are nanoseconds of one clock.
 */
final class Circuit {
    private final long firstNanos;
    private final long mostNanos;
    private long openNanos;
    private long untilNanos;

    Circuit(Duration first, Duration most) {
        this.mostNanos = most.toNanos();
        this.firstNanos = Math.min(first.toNanos(), mostNanos);
    }

    /** Whether the server may be asked now. Whoever is told so while it is open keeps the others waiting. */
    synchronized boolean allows(long nowNanos) {
        if (openNanos == 0) {
            return true;
        }
        if (nowNanos - untilNanos < 0) {
            return false;
        }
        openNanos = Math.min(openNanos * 2, mostNanos);
        untilNanos = nowNanos + openNanos;
        return true;
    }

    /** The server was away, or too slow. */
    synchronized void failed(long nowNanos) {
        if (openNanos == 0) {
            openNanos = firstNanos;
            untilNanos = nowNanos + firstNanos;
        }
    }

    /** The server has answered. */
    synchronized void worked() {
        openNanos = 0;
    }
}
