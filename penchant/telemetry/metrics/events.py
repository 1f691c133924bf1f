"""Events: the metrics of what shoppers did, as it was read. See vocabulary.py."""

from penchant.telemetry.metrics import readings
from penchant.telemetry.metrics.words import Metric, WorkerMetric

# fmt: off
EVENTS: tuple[WorkerMetric, ...] = (
    Metric(
        "counter", "events", "Shopper events taken in, also those that change nothing.",
        "Stands still while producers send: look at `dependency_up` and `partition_paused`.",
        readings.count("events"),
    ),
    Metric(
        "counter", "events_unchanged",
        "Events that changed no session: read again after a rebalance, sent twice, of a session long closed, of a kind "
        "that is not asked for, without consent, of a minor or sensitive (docs/events.md), from before an erasure, or "
        "of somebody who opted out.",
        "`duplicate` grows: a producer retries without idempotence. `late` grows: its clock or queue is behind. "
        "`ignored` is nearly all there is: the topic's event names are others than its dialect's.",
        readings.unchanged, ("reason",),
    ),
    Metric(
        "counter", "events_sensitive",
        "Events in which something was sensitive, by what became of it (`drop`, `coarsen`) and the pattern: a topic of "
        "[privacy], or the shop's own entry. An event counts once for each of its patterns.",
        "A pattern has more than a few in a hundred of the events: does it catch what is meant? `penchant estimate` "
        "says which share of a topic each has; [privacy] allows, coarsens or drops (docs/security.md).",
        readings.sensitive, ("handling", "pattern"),
    ),
    Metric(
        "counter", "consents_unread", "Events whose TCF string cannot be read, and which say nothing else of consent.",
        "Grows: a consent manager or a tag sends no string of TCF 2. For those shoppers privacy.default_purposes "
        "speaks (docs/events.md).",
        readings.count("consents_unread"),
    ),
    Metric(
        "counter", "items_dropped", "Products that could not be read, left out of events that could.",
        "Grows: a producer sends products without an id and a name, or prices that are no numbers (docs/events.md).",
        readings.count("items_dropped"),
    ),
    Metric(
        "gauge", "hottest_shopper_share", "What one shopper had of the last 4,096 events of this worker, by a sample.",
        "Above 0.2, with more than a few shoppers about: a bot, or an id that stands for nobody. `penchant doctor` "
        "looks at the topic's newest records.",
        readings.count("hottest_share"),
    ),
)
