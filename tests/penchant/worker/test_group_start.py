"""Group start: a new group begins where `kafka.start` says, all its workers at the same offsets, and says so."""

import time
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from penchant.settings.kafka import Kafka as KafkaSettings
from penchant.worker.group_start import begin_group
from penchant.worker.lineage import Findings
from streams.kafka.reader import TopicReader
from tests.kafka import Kafka

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize(
    ("start", "later_ms", "committed", "records", "skipped"),
    [
        ("earliest", 0, {}, 9, 0),
        ("latest", 0, {0: 5, 1: 4}, 0, 9),
        ("2h", 0, {0: 0, 1: 0}, 9, 0),
        ("1h", 3_660_000, {0: 5, 1: 4}, 0, 9),
        ("2020-01-01", 0, {0: 0, 1: 0}, 9, 0),
    ],
)
async def test_a_new_group_begins_where_it_is_told(
    real_kafka: Kafka, start: str, later_ms: int, committed: dict[int, int], records: int, skipped: int
) -> None:
    """What is left out is committed at once, for the other workers and a restart; how much there is to read, and how
    old it is, stands in the log."""
    topic, group = await real_kafka.topic(2), uuid4().hex
    await real_kafka.produce(topic, [b"1"] * 5, partition=0)
    await real_kafka.produce(topic, [b"1"] * 4, partition=1)
    settings = KafkaSettings(bootstrap=real_kafka.bootstrap, topic=topic, group=group, start=start)
    with capture_logs() as said:
        assert await begun(settings, _now_ms() + later_ms) == committed
    [begins] = [line for line in said if line["event"] == "group.begins"]
    assert (begins["records"], begins["skipped"], begins["start"]) == (records, skipped, start)
    assert bool(begins["oldest"]) == bool(records)


async def test_a_group_that_has_committed_goes_on(real_kafka: Kafka) -> None:
    """Whatever the setting says by now; nothing is said of it."""
    topic, group = await real_kafka.topic(1), uuid4().hex
    await real_kafka.produce(topic, [b"1"] * 5)
    await real_kafka.commit(group, topic, 2)
    settings = KafkaSettings(bootstrap=real_kafka.bootstrap, topic=topic, group=group, start="latest")
    with capture_logs() as said:
        assert await begun(settings, _now_ms()) == {0: 2}
    assert said == []


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def begun(settings: KafkaSettings, now_ms: int) -> dict[int, int]:
    """What is committed after a start."""
    async with TopicReader(settings.options) as reader:
        log = await reader.log(settings.topic)
        committed = await reader.committed(log, settings.group)
        await begin_group(settings, reader, Findings(None, log, None, committed), now_ms)
        return dict(await reader.committed(log, settings.group))
