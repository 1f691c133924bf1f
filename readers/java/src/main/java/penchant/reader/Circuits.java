package penchant.reader;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * For each server a circuit for small reads and one for large ones: a server that is too slow for a thousand shoppers is
 * not away, and those who ask for one are still served.
 */
final class Circuits {
    /** A read of more shoppers than this is a large one. */
    static final int SMALL = 50;

    private static final Duration OPEN_FIRST = Duration.ofMillis(50);

    private final Duration first;
    private final Duration most;
    private final Map<String, Circuit> small = new ConcurrentHashMap<>();
    private final Map<String, Circuit> large = new ConcurrentHashMap<>();

    Circuits(Duration timeout, Duration most) {
        this.first = timeout.compareTo(OPEN_FIRST) > 0 ? timeout : OPEN_FIRST;
        this.most = most;
    }

    /** The circuit of a server, for a read of so many shoppers. */
    Circuit of(String server, int shoppers) {
        return (shoppers > SMALL ? large : small).computeIfAbsent(server, each -> another());
    }

    /** One of its own. */
    Circuit another() {
        return new Circuit(first, most);
    }
}
