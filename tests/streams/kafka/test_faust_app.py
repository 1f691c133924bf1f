"""How long a partition has no owner, as far as settings decide it."""

from pathlib import Path

from streams.kafka.faust_app import KafkaGroup, make_app
from streams.kafka.options import KafkaOptions
from tests.fakes.ledger import FakeLedger


def test_a_departure_is_heard_of_four_times_a_second_and_a_death_by_the_session(tmp_path: Path) -> None:
    """By the next heartbeat, and by the session's timeout alone, within which many heartbeats may be lost."""
    group = KafkaGroup(KafkaOptions("localhost:9092"), "group", tmp_path, session_timeout_s=6.0)
    conf = make_app(group, "events", FakeLedger()).conf
    assert conf.broker_heartbeat_interval == 0.25
    assert conf.broker_session_timeout == 6.0
    assert conf.broker_session_timeout / conf.broker_heartbeat_interval >= 10
