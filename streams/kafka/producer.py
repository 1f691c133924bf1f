"""Producer: records into Kafka, each acknowledged by all replicas; every wait has a bound, and errors are ours."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from streams.kafka.closing import close
from streams.kafka.errors import kafka_errors
from streams.kafka.options import KafkaOptions, Login
from streams.retrying import retrying

WITHIN_S = 10.0
RETRY_S = 0.5
LARGEST_BYTES = 33_554_432
"""What may be sent at all: below that each topic's own `max.message.bytes` decides."""

Sent = Awaitable[Any]
"""What a record in line becomes: its metadata once all replicas have it."""


class RecordProducer:
    """Sends to any topic. `within_s` bounds each wait, after which it is BrokerUnavailable."""

    def __init__(self, producer: AIOKafkaProducer, options: KafkaOptions, within_s: float = WITHIN_S) -> None:
        self._producer, self._options, self.within_s = producer, options, within_s
        self._login = Login(options, producer.client)

    async def put(self, topic: str, key: bytes | None, value: bytes | None, **rest: Any) -> Sent:
        """Put a record in line; `rest` are aiokafka's headers, timestamp_ms and partition."""
        with kafka_errors(self._options, topic):
            self._login.refresh()
            async with asyncio.timeout(self.within_s):
                sent: Sent = await self._producer.send(topic, value, key, **rest)
                return sent

    async def acknowledged(self, topic: str, sent: Iterable[Sent]) -> list[Any]:
        """Wait until all replicas have these; their metadata."""
        with kafka_errors(self._options, topic):
            async with asyncio.timeout(self.within_s):
                return await asyncio.gather(*sent)

    async def send(self, topic: str, key: bytes | None, value: bytes | None, **rest: Any) -> int:
        """Send one record; the offset it has got."""
        [metadata] = await self.acknowledged(topic, [await self.put(topic, key, value, **rest)])
        return int(metadata.offset)

    async def outcomes(self, sent: Sequence[Sent]) -> list[Any]:
        """Wait for these; of each its metadata, or what aiokafka raised. BrokerUnavailable when the time is up."""
        with kafka_errors(self._options):
            async with asyncio.timeout(self.within_s):
                return await asyncio.gather(*sent, return_exceptions=True)

    def knows(self, topic: str) -> bool:
        """Whether the brokers that answered last have it. A topic that is missing, or hidden, is waited for in vain."""
        return bool(self._producer.client.cluster.partitions_for_topic(topic))

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has; ContractMismatch when there is none."""
        with kafka_errors(self._options, topic):
            return len(await self._producer.partitions_for(topic))

    @asynccontextmanager
    async def transaction(self, topic: str) -> AsyncIterator[None]:
        """What is sent inside is committed at the end, all or nothing.

        It is left open when something breaks: the next producer of the same transactions aborts it.
        """
        with kafka_errors(self._options, topic):
            async with asyncio.timeout(self.within_s):
                await self._producer.begin_transaction()
                yield
                await self._producer.commit_transaction()


@asynccontextmanager
async def producing(
    options: KafkaOptions, within_s: float = WITHIN_S, *, idempotent: bool = True, **tuning: Any
) -> AsyncIterator[RecordProducer]:
    """A connected producer; leaving the block sends what waits, within a bound. `tuning` is aiokafka's.

    An idempotent one writes each record once and tries for as long as somebody waits. After a record that the broker
    refuses, it can send no other to that partition: where refusals are expected, take one that is not.
    """
    producer = AIOKafkaProducer(
        **options.client(),
        acks="all",
        enable_idempotence=idempotent,
        request_timeout_ms=int(within_s * 1_000),
        max_request_size=LARGEST_BYTES,
        **tuning,
    )
    try:
        with kafka_errors(options):
            await _connect(producer, within_s)
        yield RecordProducer(producer, options, within_s)
    finally:
        await close(producer, producer.client)


async def _connect(producer: AIOKafkaProducer, within_s: float) -> None:
    """Connect; a broker that is just starting is given time."""
    async with asyncio.timeout(2 * within_s):
        await retrying(KafkaConnectionError, RETRY_S, within_s)(producer.start)
