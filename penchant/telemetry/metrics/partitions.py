"""Partitions: the metrics of what a worker reads. See vocabulary.py."""

from penchant.telemetry.metrics import readings
from penchant.telemetry.metrics.words import Metric, WorkerMetric

PARTITION = ("topic", "partition")

# fmt: off
PARTITIONS: tuple[WorkerMetric, ...] = (
    Metric(
        "gauge", "partition_lag_offsets", "Offsets of the partition that were not handed out yet, by position.",
        "Grows: ingest does not keep up, or the partition is paused; add workers up to the number of partitions.",
        readings.partitions(lambda partition, _: partition.lag), PARTITION,
    ),
    Metric(
        "gauge", "partition_uncovered_offsets", "Offsets from the first uncovered one to the last received one.",
        "Near backlog.max_span: the partition is about to pause; look at Redis, since parking needs it alone.",
        readings.partitions(lambda partition, _: partition.span), PARTITION,
    ),
    Metric(
        "gauge", "partition_uncovered_age_seconds", "Age of the oldest received work that is not covered.",
        "Beyond health.bound_s with all dependencies up, /alive fails.",
        readings.partitions(readings.age_s), PARTITION,
    ),
    Metric(
        "gauge", "partition_committed_offset", "The offset that Kafka has confirmed in this assignment.",
        "Stands still while events come: something holds the commit; look at the uncovered age.",
        readings.partitions(lambda partition, _: partition.committed), PARTITION,
    ),
    Metric(
        "gauge", "partition_commit_age_seconds",
        "How long the confirmed offset has stood still while received work was not covered.",
        "Far above commit.lag_s: a shopper holds the commit, or Redis or Kafka is away.",
        readings.partitions(readings.commit_age_s), PARTITION,
    ),
    Metric(
        "counter", "rebalances", "How often partitions were assigned to this worker; the first time is one.",
        "Grows without deployments: workers are expelled; raise kafka.session_timeout_s or set kafka.instance_id.",
        readings.rebalances,
    ),
    Metric(
        "gauge", "partition_paused", "1 while the partition is held back by a bound or by Redis.",
        "1 for long: see `dependency_up`, `sessions` and `sessions_bytes`.",
        readings.partitions(lambda partition, _: partition.paused), PARTITION,
    ),
)
