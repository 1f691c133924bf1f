"""Isolation: events of a transaction that was aborted never happened, unless somebody wants them."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from streams.kafka.batches import TP
from streams.kafka.options import Isolation, KafkaOptions
from streams.kafka.reader import TopicReader
from tests.fakes.ledger import FakeLedger
from tests.kafka import Kafka
from tests.streams.kafka.test_transport import reading
from tests.until import until

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize(
    ("isolation", "values"), [("read_committed", [b"1", b"4"]), ("read_uncommitted", [b"1", b"2", b"3", b"4"])]
)
async def test_aborted_records_are_left_out(
    real_kafka: Kafka, tmp_path: Path, isolation: Isolation, values: list[bytes]
) -> None:
    """By the worker's transport and by the reader of the commands, as the setting says."""
    topic = await real_kafka.topic()
    await asyncio.to_thread(aborted, real_kafka, topic)
    async with TopicReader(KafkaOptions(real_kafka.bootstrap, isolation=isolation)) as reader:
        log = await reader.log(topic)
        assert [record.value async for _, some in reader.scan(log, {0: 0}) for record in some] == values
        assert [record.value for record in (await reader.newest(log, (), 10))[0]] == values
    ledger = FakeLedger()
    async with reading(real_kafka.bootstrap, topic, ledger, tmp_path, isolation=isolation):
        await until(lambda: len(ledger.offsets(TP(topic, 0))) == len(values))
    assert [record.value for batch in ledger.batches for record in batch.records] == values


async def test_a_transaction_that_is_open_is_not_waited_for(real_kafka: Kafka) -> None:
    """Reading ends before it."""
    topic = await real_kafka.topic()
    await real_kafka.produce(topic, [b"1"])
    producer = await asyncio.to_thread(begun, real_kafka, topic)
    async with TopicReader(KafkaOptions(real_kafka.bootstrap)) as reader:
        log = await reader.log(topic)
        assert log.ends == (1,)
        assert [record.value async for _, some in reader.scan(log, {0: 0}) for record in some] == [b"1"]
    await asyncio.to_thread(producer.abort_transaction, 30)


def aborted(kafka: Kafka, topic: str) -> None:
    """One record, two that are aborted, one more."""
    plain = Producer({"bootstrap.servers": kafka.bootstrap})
    plain.produce(topic, b"1", partition=0)
    assert plain.flush(30) == 0
    begun(kafka, topic).abort_transaction(30)
    plain.produce(topic, b"4", partition=0)
    assert plain.flush(30) == 0


def begun(kafka: Kafka, topic: str) -> Producer:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": uuid4().hex})
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in (b"2", b"3"):
        producer.produce(topic, value, partition=0)
    assert producer.flush(30) == 0
    return producer
