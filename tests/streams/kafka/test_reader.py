"""The reader on Kafka: topics as they are, their newest records, and a group's offsets."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from sandbox.servers.kafka import MockKafka
from streams.errors import BrokerUnavailable, ContractMismatch
from streams.kafka.options import KafkaOptions
from streams.kafka.reader import TopicReader
from tests.kafka import Kafka

pytestmark = pytest.mark.kafka


@pytest.fixture(params=["apache", "mock"])
def broker(request: pytest.FixtureRequest, mock_kafka: MockKafka) -> Kafka:
    """Apache Kafka, and librdkafka's mock of it."""
    if request.param == "mock":
        return Kafka(mock_kafka.address, mock_kafka.describe(), mock_kafka)
    found: Kafka = request.getfixturevalue("real_kafka")
    return found


@pytest.fixture
async def reader(broker: Kafka) -> AsyncIterator[TopicReader]:
    """The one under test."""
    async with TopicReader(KafkaOptions(bootstrap=broker.bootstrap)) as reading:
        yield reading


async def test_a_topic_has_partitions_ends_and_an_id(broker: Kafka, reader: TopicReader) -> None:
    """The same id each time, and another for another topic."""
    topic, other = await broker.topic(3), await broker.topic(1)
    await broker.produce(topic, [b"1"] * 5, partition=1)
    log = await reader.log(topic)
    assert (log.topic, log.partitions, log.ends) == (topic, 3, (0, 5, 0))
    assert log.topic_id
    assert (await reader.log(topic)).topic_id == log.topic_id
    assert (await reader.log(other)).topic_id != log.topic_id


async def test_a_missing_topic_is_told_and_not_made(reader: TopicReader) -> None:
    """Asking twice would find one that the first question made."""
    for _ in range(2):
        with pytest.raises(ContractMismatch, match="has no topic nowhere"):
            await reader.log("nowhere")
    with pytest.raises(ContractMismatch, match="do this"):
        await reader.log("nowhere", "do this")


async def test_the_newest_records_are_spread_over_the_partitions(broker: Kafka, reader: TopicReader) -> None:
    """About as many of each as were asked for in all, none from before the starts, and nothing of an empty one."""
    topic = await broker.topic(4)
    for partition, count in ((0, 50), (1, 50), (2, 3)):
        await broker.produce(topic, [str(number).encode() for number in range(count)], partition=partition)
    log = await reader.log(topic)
    found = await reader.newest(log, (0, 45), 30)
    assert {partition: [record.offset for record in some] for partition, some in found.items()} == {
        0: list(range(40, 50)),
        1: list(range(45, 50)),
        2: [0, 1, 2],
    }
    assert found[2][0].value == b"0"
    assert await reader.newest(log, log.ends, 30) == {}
    assert await reader.newest(log, (), 1) == {number: [some[-1]] for number, some in found.items()}


async def test_transaction_markers_at_an_end_are_not_waited_for(real_kafka: Kafka) -> None:
    """They have offsets and are never handed out."""
    topic = await real_kafka.topic(1)
    await real_kafka.produce(topic, [b"1"] * 3, transactional=True)
    async with TopicReader(KafkaOptions(bootstrap=real_kafka.bootstrap)) as reading:
        log = await reading.log(topic)
        assert log.ends == (4,)
        assert [record.offset for record in (await reading.newest(log, (), 10))[0]] == [0, 1, 2]


async def test_a_groups_offsets_are_read_and_moved(broker: Kafka, reader: TopicReader) -> None:
    """Without being a member of it."""
    topic, group = await broker.topic(3), uuid4().hex
    await broker.produce(topic, [b"1"] * 9)
    log = await reader.log(topic)
    assert await reader.committed(log, group) == {}
    await broker.commit(group, topic, 7)
    assert await reader.committed(log, group) == {0: 7}
    await reader.move(log, group, await reader.beginnings(log))
    assert await reader.committed(log, group) == {0: 0, 1: 0, 2: 0}


async def test_a_kafka_that_is_away_is_told() -> None:
    """As everywhere; nothing is left open."""
    reading = TopicReader(KafkaOptions(bootstrap="127.0.0.1:1"), timeout_s=2.0)
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        await reading.__aenter__()
