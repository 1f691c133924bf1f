"""Keyed producer: sends keyed records to a Kafka topic in the order given."""

from collections.abc import Awaitable, Sequence

from agents.rekey.rekey import Keyed
from streams.kafka.producer import RecordProducer

WAIT_S = 60.0
"""How long a broker may be away. A producer of aiokafka that is idempotent tries for ever, and keeps the order."""


class KafkaTarget:
    """Sends through an idempotent producer that its owner starts and stops. Its default partitioner is Kafka's own
    (murmur2 of the key), so that every producer that uses it agrees where a shopper is."""

    def __init__(self, producer: RecordProducer, topic: str) -> None:
        self._producer, self._topic = producer, topic

    async def send(self, records: Sequence[Keyed]) -> Sequence[Awaitable[object]]:
        """Put records in line."""
        return [await self._send(record) for record in records]

    async def acknowledged(self, sent: Sequence[Awaitable[object]]) -> None:
        """Wait until the broker has all of these."""
        await self._producer.acknowledged(self._topic, sent)

    async def _send(self, record: Keyed) -> Awaitable[object]:
        key, value, timestamp_ms = record
        at_ms = timestamp_ms if timestamp_ms >= 0 else None  # records of old formats have none
        return await self._producer.put(self._topic, key, value, timestamp_ms=at_ms)
