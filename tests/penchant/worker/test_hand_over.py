"""Hand over: how long partitions have no owner after an orderly stop."""

from pathlib import Path

from penchant.worker.app import DRAIN_S, HAND_OVER_S
from streams.kafka.faust_app import KafkaGroup
from streams.kafka.options import KafkaOptions

EXCHANGES_S = 0.2
"""Leaving, joining anew, and going back to the committed offsets."""


def test_after_an_orderly_stop_partitions_have_an_owner_within_a_second() -> None:
    """The others hear of it by their next heartbeat, and finish what is nearly done; who leaves may take longer before,
    since the partitions are still theirs."""
    group = KafkaGroup(KafkaOptions(bootstrap="kafka:9092"), "penchant", Path("data"))
    assert group.heartbeat_interval_s + HAND_OVER_S + EXCHANGES_S <= 1.0
    assert DRAIN_S > HAND_OVER_S
