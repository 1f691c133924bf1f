package penchant.reader;

import java.time.Duration;

/**
 * How a reader reads.
 *
 * @param timeout bounds a whole call, connecting included
 * @param namespace as in the service's settings
 * @param cluster whether the URL is of a Redis Cluster
 * @param strict whether failures are thrown instead of counted
 * @param circuit how long at most a server that failed is left alone; zero asks it every time
 * @param freshness how old an intent may be before it is stale, by its source
 */
public record Options(
        Duration timeout, String namespace, boolean cluster, boolean strict, Duration circuit, Freshness freshness) {
    /** Twenty milliseconds, the service's usual namespace, one server, failures counted, at most two seconds. */
    public static final Options USUAL =
            new Options(Duration.ofMillis(20), "penchant", false, false, Duration.ofSeconds(2), Freshness.USUAL);

    public Options {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("timeout: %s is no time to wait; give one above zero".formatted(timeout));
        }
    }

    public Options withTimeout(Duration timeout) {
        return new Options(timeout, namespace, cluster, strict, circuit, freshness);
    }

    public Options withNamespace(String namespace) {
        return new Options(timeout, namespace, cluster, strict, circuit, freshness);
    }

    public Options withCluster() {
        return new Options(timeout, namespace, true, strict, circuit, freshness);
    }

    public Options withStrict() {
        return new Options(timeout, namespace, cluster, true, circuit, freshness);
    }

    public Options withCircuit(Duration circuit) {
        return new Options(timeout, namespace, cluster, strict, circuit, freshness);
    }

    public Options withFreshness(Freshness freshness) {
        return new Options(timeout, namespace, cluster, strict, circuit, freshness);
    }
}
