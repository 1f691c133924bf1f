"""Target: a Kafka topic that takes keyed records in the order in which they are sent."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.rekey.rekey import Keyed
from streams.errors import BrokerUnavailable

WAIT_S = 60.0
"""How long a broker may be away. A producer of aiokafka that is idempotent tries for ever, and keeps the order."""


class KafkaTarget:
    """Sends through an idempotent producer that somebody else starts and stops. Its default partitioner is Kafka's own
    (murmur2 of the key), so that every producer that uses it agrees where a shopper is."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer, self._topic = producer, topic

    async def send(self, records: Sequence[Keyed]) -> Sequence[Awaitable[object]]:
        """Put records in line."""
        with self._errors():
            async with asyncio.timeout(WAIT_S):
                return [await self._send(record) for record in records]

    async def acknowledged(self, sent: Sequence[Awaitable[object]]) -> None:
        """Wait until the broker has all of these."""
        with self._errors():
            async with asyncio.timeout(WAIT_S):
                await asyncio.gather(*sent)

    async def _send(self, record: Keyed) -> Awaitable[object]:
        key, value, timestamp_ms = record
        at_ms = timestamp_ms if timestamp_ms >= 0 else None  # records of old formats have none
        future: Awaitable[object] = await self._producer.send(self._topic, key=key, value=value, timestamp_ms=at_ms)
        return future

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(f"the topic {self._topic} does not take records: {error!r}") from error
