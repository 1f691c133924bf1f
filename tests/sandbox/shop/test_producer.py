"""Producer: events reach Kafka keyed by shopper, or it is said that they do not."""

import asyncio
from collections import defaultdict
from itertools import islice
from pathlib import Path

import pytest

from sandbox.servers.kafka import MockKafka
from sandbox.servers.server import free_ports
from sandbox.shop.player import Player
from sandbox.shop.producer import EventProducer
from sandbox.shop.shoppers import ShopperTraffic
from streams.errors import BrokerUnavailable, ContractMismatch
from streams.events.decoding import Decoder
from streams.kafka.options import KafkaOptions
from streams.kafka.topics import create_topic
from tests.kafka import Kafka
from tests.reading import read_all


@pytest.mark.kafka
async def test_a_worker_can_read_what_was_played(kafka: Kafka) -> None:
    """Everything arrives once, decodes, and each shopper is in one partition, in order."""
    topic = await kafka.topic(3)
    async with EventProducer(KafkaOptions(kafka.bootstrap), topic) as producer:
        player = Player(producer)
        traffic = ShopperTraffic(1, 50, 1e6).events()
        await player.play(timed for timed in islice(traffic, 2_000))
    records = await read_all(kafka.bootstrap, topic)
    decoded = Decoder().decode(records)
    assert (len(decoded.events), decoded.refused, player.played.sent) == (2_000, [], 2_000)
    partitions, order = defaultdict(set), defaultdict(list)
    for record, (_, _, event) in zip(records, decoded.events, strict=True):
        partitions[event.shopper_id].add(record.partition)
        order[event.shopper_id].append(int(event.event_id.partition("-")[2], 16))
    assert {len(each) for each in partitions.values()} == {1}
    assert all(each == sorted(each) for each in order.values())
    assert len({record.partition for record in records}) == 3


@pytest.mark.kafka
async def test_a_topic_is_made_once(real_kafka: Kafka) -> None:
    """With the partitions asked for; one that is there stays as it is."""
    options, topic = KafkaOptions(real_kafka.bootstrap), f"made-{await real_kafka.topic()}"
    assert await create_topic(options, topic, 3)
    assert not await create_topic(options, topic, 5)
    async with EventProducer(options, topic) as producer:
        for number in range(50):
            await producer.send(f"{number}".encode(), b"x")
        await producer.flush()
    assert {record.partition for record in await read_all(real_kafka.bootstrap, topic)} == {0, 1, 2}


@pytest.mark.kafka
async def test_a_topic_that_is_not_there_is_said_with_the_remedy(real_kafka: Kafka) -> None:
    """Rather than waiting for somebody to make it."""
    with pytest.raises(ContractMismatch, match="--create-topic"):
        async with EventProducer(KafkaOptions(real_kafka.bootstrap), "nobody-made-this", timeout_s=0.5):
            pass


@pytest.mark.kafka
async def test_what_a_broker_refuses_is_no_outage(real_kafka: Kafka) -> None:
    """Waiting would not help."""
    with pytest.raises(ContractMismatch, match="InvalidPartitions"):
        await create_topic(KafkaOptions(real_kafka.bootstrap), "impossible", 0)


async def test_the_mock_cannot_make_topics_and_says_so(mock_kafka: MockKafka) -> None:
    """It has no controller."""
    with pytest.raises(ContractMismatch, match="no controller"):
        await create_topic(KafkaOptions(mock_kafka.address), "made", 3)


async def test_no_broker_is_an_outage() -> None:
    """Said after a bounded wait, by both."""
    options = KafkaOptions(f"127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        async with EventProducer(options, "events", timeout_s=0.6):
            pass
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        await create_topic(options, "events", 3, within_s=0.6)


async def test_a_broker_that_is_just_starting_is_waited_for(mock_kafka: MockKafka) -> None:
    """As at `docker compose up`, where the broker's port opens late."""
    host, port = mock_kafka.address.split(":")
    (door,) = free_ports(1)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_pump(reader, back))
            tasks.create_task(_pump(there, writer))

    async def open_late() -> asyncio.Server:
        await asyncio.sleep(0.7)
        return await asyncio.start_server(pass_on, "127.0.0.1", door)

    opening = asyncio.create_task(open_late())
    async with EventProducer(KafkaOptions(f"127.0.0.1:{door}"), "late") as producer:
        await producer.send(b"s", b"x")
        await producer.flush()
    (await opening).close()
    assert [record.key for record in await read_all(mock_kafka.address, "late")] == [b"s"]


async def test_a_broker_that_goes_away_is_an_outage(tmp_path: Path) -> None:
    """The player hears of it, and nothing waits for ever."""
    async with (
        MockKafka(tmp_path) as mock,
        EventProducer(KafkaOptions(mock.address), "events", timeout_s=1) as producer,
    ):
        await producer.send(b"s", b"x")
        await producer.flush()
        await mock.kill()
        with pytest.raises(BrokerUnavailable):
            await Player(producer).play(ShopperTraffic(1, 50, 1_000).events(), seconds=60)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
