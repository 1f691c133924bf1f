"""Delayed: records are handed out once they are old enough, in order, and once to a group."""

import time
from uuid import uuid4

import pytest

from penchant.settings.kafka import Kafka as KafkaSettings
from streams.errors import TopicMissing
from streams.kafka.delayed import DelayedReader
from tests.kafka import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

THEN_MS, DELAY_MS = time.time_ns() // 1_000_000 - 3 * 86_400_000, 60_000
TRIES = 60


class Clock:
    """A clock that is set."""

    now_ms = THEN_MS

    def __call__(self) -> int:
        return self.now_ms


async def next_of(reader: DelayedReader, count: int = 1, tries: int = TRIES) -> list[bytes | None]:
    """So many that are due next; fewer after so many tries of a second."""
    found: list[bytes | None] = []
    for _ in range(tries):
        found += [record.value for record in await reader.due()]
        if len(found) >= count:
            break
    return found


async def test_a_record_is_handed_out_when_it_is_old_enough(real_kafka: Kafka) -> None:
    """The young wait at the broker, behind them older ones too; what was committed is not handed out again, and the
    rest is. One from far in the future holds nothing up."""
    topic, clock = await real_kafka.topic(1), Clock()
    for value, at_ms in ((b"old", 0), (b"young", 50_000), (b"behind", 10_000), (b"unborn", 10**8)):
        await real_kafka.produce(topic, [value], timestamp_ms=THEN_MS + at_ms)
    options = KafkaSettings(bootstrap=real_kafka.bootstrap).options

    def reader() -> DelayedReader:
        return DelayedReader(options, topic, f"{topic}-shown", DELAY_MS, clock)

    clock.now_ms = THEN_MS + DELAY_MS
    async with reader() as first:
        assert await next_of(first) == [b"old"]
        await first.commit()
        assert await next_of(first, tries=3) == []
        clock.now_ms += 50_000
        assert await next_of(first, 3) == [b"young", b"behind", b"unborn"]
    async with reader() as second:
        assert await next_of(second, 3) == [b"young", b"behind", b"unborn"]
        await second.commit()
    async with reader() as third:
        assert await next_of(third, tries=5) == []


async def test_a_topic_that_is_not_there_is_told(real_kafka: Kafka) -> None:
    """At once, with what to do."""
    options = KafkaSettings(bootstrap=real_kafka.bootstrap).options
    with pytest.raises(TopicMissing) as caught:
        await DelayedReader(options, f"none-{uuid4().hex}", "readers", DELAY_MS, Clock()).__aenter__()
    assert "make it" in caught.value.remedy
