"""The embedded Kafka."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from sandbox.servers.kafka import MockKafka
from streams.errors import BrokerUnavailable


async def test_what_is_produced_is_consumed(mock_kafka: MockKafka) -> None:
    """By a consumer group, from every partition, keys and headers included."""
    await mock_kafka.create_topic("produced", 3)
    async with AIOKafkaProducer(bootstrap_servers=mock_kafka.address) as producer:
        assert await producer.partitions_for("produced") == {0, 1, 2}
        for number in range(9):
            await producer.send_and_wait(
                "produced", b"%d" % number, key=b"k", partition=number % 3, headers=[("h", b"v")]
            )
    async with (
        AIOKafkaConsumer(
            "produced", bootstrap_servers=mock_kafka.address, group_id="produced", auto_offset_reset="earliest"
        ) as consumer,
        asyncio.timeout(30),
    ):
        records = [await consumer.getone() for _ in range(9)]
    assert sorted(record.value for record in records) == [b"%d" % number for number in range(9)]
    assert {record.partition for record in records} == {0, 1, 2}
    assert {(record.key, record.headers) for record in records} == {(b"k", (("h", b"v"),))}


async def test_a_committed_offset_is_kept_for_the_group(mock_kafka: MockKafka) -> None:
    """The next member of the group goes on where the last one committed."""
    await mock_kafka.create_topic("committed", 1)
    async with AIOKafkaProducer(bootstrap_servers=mock_kafka.address) as producer:
        for number in range(4):
            await producer.send_and_wait("committed", b"%d" % number)
    partition, seen = TopicPartition("committed", 0), []
    for _ in range(2):
        async with AIOKafkaConsumer(
            bootstrap_servers=mock_kafka.address, group_id="committed", enable_auto_commit=False
        ) as consumer:
            consumer.assign([partition])
            if not await consumer.committed(partition):
                await consumer.seek_to_beginning()
            async with asyncio.timeout(30):
                seen += [(await consumer.getone()).value for _ in range(2)]
            await consumer.commit({partition: len(seen)})
    assert seen == [b"0", b"1", b"2", b"3"]


async def test_a_topic_is_made_once(mock_kafka: MockKafka) -> None:
    """A second topic of the same name is refused."""
    await mock_kafka.create_topic("once", 2)
    with pytest.raises(BrokerUnavailable, match="refused once 2"):
        await mock_kafka.create_topic("once", 2)


async def test_a_restart_is_an_empty_cluster(tmp_path: Path) -> None:
    """The topics it was given are there again, empty; nothing else is."""
    async with MockKafka(tmp_path, topics={"given": 2}) as server:
        async with AIOKafkaProducer(bootstrap_servers=server.address) as producer:
            await producer.send_and_wait("given", b"lost", partition=0)
        await server.restart()
        async with AIOKafkaConsumer("given", bootstrap_servers=server.address) as consumer:
            ends = await consumer.end_offsets(consumer.assignment())
        assert sorted(ends.values()) == [0, 0]


async def test_a_stopped_one_makes_no_topics(tmp_path: Path) -> None:
    """It says so."""
    server = MockKafka(tmp_path)
    with pytest.raises(BrokerUnavailable, match="not running"):
        await server.create_topic("any", 1)


async def test_it_says_what_it_is(mock_kafka: MockKafka) -> None:
    """A mock, by librdkafka, of which version."""
    assert mock_kafka.describe().startswith("librdkafka ")
    assert mock_kafka.describe().endswith(" mock cluster")
