"""A Kafka broker for the tests, shared by all of a run.

The first of these that there is:

1. the brokers that PENCHANT_TEST_KAFKA names (`host:port`);
2. Apache Kafka in a container, where a Docker engine answers;
3. Apache Kafka on the JDK, fetched by Maven;
4. librdkafka's mock cluster. Tests that need a real broker are then skipped, loudly, and fail where CI=true.

A test that stops or kills its broker asks for `kafka_of_its_own`.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from sandbox.servers.apache import ApacheKafka
from sandbox.servers.kafka import MockKafka
from streams.errors import PlatformLacks
from tests.brokers import Broker
from tests.shared import Share

SKIPPED = "NO REAL KAFKA: "
TIMEOUT_S = 30.0

STARTING = {
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
}
T = TypeVar("T")


class Kafka:
    """A broker, and what tests do with it. Each test makes topics of its own, and names its group after one."""

    def __init__(self, bootstrap: str, name: str, mock: MockKafka | None = None) -> None:
        self.bootstrap, self.name, self._mock = bootstrap, name, mock
        self.real = mock is None

    async def topic(self, partitions: int = 1, **config: object) -> str:
        """Make a topic of a fresh name; `config` with underscores for dots."""
        name = f"events-{uuid4().hex[:12]}"
        if self._mock:
            await self._mock.create_topic(name, partitions)
        else:
            settings = {key.replace("_", "."): str(value) for key, value in config.items()}
            await asyncio.to_thread(self._create, NewTopic(name, partitions, 1, config=settings))
        return name

    async def produce(
        self,
        topic: str,
        values: Iterable[bytes | None],
        *,
        partition: int = 0,
        keys: Iterable[bytes] | None = None,
        transactional: bool = False,
        timestamp_ms: int | None = None,
    ) -> None:
        """Append records, None as tombstones, in one transaction if so; returns when all are acknowledged."""
        values = list(values)
        named: Sequence[bytes | None] = list(keys) if keys is not None else [None] * len(values)
        keyed = list(zip(named, values, strict=True))
        await asyncio.to_thread(self._produce, topic, partition, keyed, transactional, timestamp_ms or 0)

    async def committed(self, group: str, topic: str, partition: int = 0) -> int | None:
        """The group's committed offset, None when there is none."""
        [found] = await asyncio.to_thread(self._committed, group, [TopicPartition(topic, partition)])
        return None if found.offset < 0 else found.offset

    async def commit(self, group: str, topic: str, offset: int, partition: int = 0) -> None:
        """Set the committed offset of a group without members."""
        await asyncio.to_thread(self._commit, group, [TopicPartition(topic, partition, offset)])

    async def offsets(self, topic: str, partition: int = 0) -> list[int]:
        """The offsets of all records that the partition has now."""
        return await asyncio.to_thread(self._offsets, TopicPartition(topic, partition, 0))

    def _create(self, topic: NewTopic) -> None:
        client = AdminClient({"bootstrap.servers": self.bootstrap})
        client.create_topics([topic], operation_timeout=TIMEOUT_S)[topic.topic].result(TIMEOUT_S)

    def _produce(
        self,
        topic: str,
        partition: int,
        keyed: Iterable[tuple[bytes | None, bytes | None]],
        in_one: bool,  # noqa: FBT001
        at_ms: int,
    ) -> None:
        options: dict[str, object] = {"bootstrap.servers": self.bootstrap, "linger.ms": 5}
        options |= {"queue.buffering.max.messages": 1_000_000}
        producer = Producer(options | ({"transactional.id": uuid4().hex} if in_one else {}))
        if in_one:
            producer.init_transactions(TIMEOUT_S)
            producer.begin_transaction()
        for key, value in keyed:
            producer.produce(topic, value, key, partition, timestamp=at_ms)  # 0: now
        if in_one:
            producer.commit_transaction(TIMEOUT_S)
        assert producer.flush(TIMEOUT_S) == 0

    def _committed(self, group: str, partitions: list[TopicPartition]) -> list[TopicPartition]:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        try:
            return _patiently(lambda: consumer.committed(partitions, TIMEOUT_S))
        finally:
            consumer.close()

    def _commit(self, group: str, partitions: list[TopicPartition]) -> None:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group, "enable.auto.commit": False})
        try:
            consumer.commit(offsets=partitions, asynchronous=False)
        finally:
            consumer.close()

    def _offsets(self, partition: TopicPartition) -> list[int]:
        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": uuid4().hex, "enable.partition.eof": True}
        )
        try:
            consumer.assign([partition])
            records = iter(lambda: consumer.poll(TIMEOUT_S), None)
            read = takewhile(lambda record: not record.error(), records)
            return [offset for record in read if (offset := record.offset()) is not None]
        finally:
            consumer.close()


def _patiently(ask: Callable[[], T]) -> T:
    """Ask again while a broker that just started says so."""
    until = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return ask()
        except KafkaException as exc:
            if exc.args[0].code() not in STARTING or time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest, share: Share) -> Kafka:
    """The run's broker: `.bootstrap`, `.name` (what it is), `.real`."""
    if named := os.environ.get("PENCHANT_TEST_KAFKA"):
        return Kafka(named, "brokers of PENCHANT_TEST_KAFKA")
    try:
        broker: Broker = share("kafka")
    except PlatformLacks:
        mock: MockKafka = request.getfixturevalue("mock_kafka")
        return Kafka(mock.address, mock.describe(), mock)
    return Kafka(broker.address, broker.name)


@pytest.fixture
def real_kafka(kafka: Kafka) -> Kafka:
    """The run's broker when it is a real one; without one the test is skipped, or fails in CI."""
    if not kafka.real:
        pytest.skip(f"{SKIPPED}only the {kafka.name}")
    return kafka


@pytest.fixture
async def kafka_of_its_own(anyio_backend: str, tmp_path: Path) -> AsyncIterator[ApacheKafka]:
    """A real broker that the test may stop, kill and restart (it keeps its address and its data); needs a JDK."""
    try:
        server = await asyncio.to_thread(ApacheKafka, tmp_path / "broker")
    except PlatformLacks as lack:
        pytest.skip(f"{SKIPPED}{lack}")
    async with server:
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests had no real broker, so that nobody takes silence for success."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if SKIPPED in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} TESTS SKIPPED FOR WANT OF A REAL KAFKA (see tests/kafka.py)", red=True
        )
