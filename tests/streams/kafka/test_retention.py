"""Retention: what was deleted before it was read is said, with its range, and reading goes on behind it."""

import asyncio
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from streams.kafka.batches import TP
from tests.fakes.ledger import FakeLedger
from tests.kafka import Kafka
from tests.streams.kafka.test_transport import numbered, reading
from tests.until import until

pytestmark = pytest.mark.kafka


async def test_a_gap_behind_the_committed_offset_is_said(real_kafka: Kafka, tmp_path: Path) -> None:
    """While no worker ran, retention went on."""
    topic = await real_kafka.topic()
    await real_kafka.produce(topic, numbered(300))
    await real_kafka.commit(topic, topic, 100)
    await asyncio.to_thread(deleted, real_kafka, topic, 250)
    ledger = FakeLedger()
    async with reading(real_kafka.bootstrap, topic, ledger, tmp_path) as consumer:
        await until(lambda: len(ledger.offsets(TP(topic, 0))) == 50)
        assert ledger.offsets(TP(topic, 0)) == list(range(250, 300))
        polling = consumer._thread._ensure_consumer()._subscription
        assert polling._fetch_count <= 1  # else a worker that hangs after such an error would pass for one that polls
    assert ledger.lost == [(TP(topic, 0), 100, 250)]


async def test_a_gap_before_a_paused_partition_is_said(real_kafka: Kafka, tmp_path: Path) -> None:
    """While it was held back, retention went on; what the consumer had fetched by then still comes."""
    topic = await real_kafka.topic()
    await real_kafka.produce(topic, numbered(10))
    ledger, here = FakeLedger(), TP(topic, 0)
    async with reading(real_kafka.bootstrap, topic, ledger, tmp_path) as consumer:
        await until(lambda: len(ledger.offsets(here)) == 10)
        consumer.pause([here])
        await real_kafka.produce(topic, [b"x" * 100_000] * 100)
        await asyncio.to_thread(deleted, real_kafka, topic, 105)
        consumer.resume([here])
        await until(lambda: ledger.offsets(here)[-1] == 109)
        [(tp, first, end)] = ledger.lost
        assert (tp, end) == (here, 105)
        assert ledger.offsets(here) == [*range(first), *range(105, 110)]


async def test_a_group_that_has_committed_nothing_lost_nothing(real_kafka: Kafka, tmp_path: Path) -> None:
    """It begins at what there is."""
    topic = await real_kafka.topic()
    await real_kafka.produce(topic, numbered(30))
    await asyncio.to_thread(deleted, real_kafka, topic, 20)
    ledger = FakeLedger()
    async with reading(real_kafka.bootstrap, topic, ledger, tmp_path):
        await until(lambda: len(ledger.offsets(TP(topic, 0))) == 10)
    assert ledger.lost == []


def deleted(kafka: Kafka, topic: str, before: int) -> None:
    """Retention by hand."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    partition = TopicPartition(topic, 0, before)
    admin.delete_records([partition])[TopicPartition(topic, 0)].result(30)
