"""Offsets: where a topic ends, and what a group has committed of it."""

import asyncio
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.errors import BrokerUnavailable

WITHIN_S = 10.0


class Offsets:
    """Asks Kafka about one topic and one group, by partition. `close` it; BrokerUnavailable when Kafka is silent."""

    def __init__(self, bootstrap: str, group: str, topic: str, partitions: int) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
        self._places = [TopicPartition(topic, number) for number in range(partitions)]

    async def ends(self) -> Mapping[int, int]:
        """One past the last record."""
        return await asyncio.to_thread(self._ends)

    async def committed(self) -> Mapping[int, int]:
        """What to read first after a restart; 0 where nothing was committed."""
        return await asyncio.to_thread(self._committed)

    def close(self) -> None:
        """Let go of Kafka."""
        self._consumer.close()

    def _ends(self) -> Mapping[int, int]:
        try:
            return {place.partition: self._consumer.get_watermark_offsets(place, WITHIN_S)[1] for place in self._places}
        except KafkaException as exc:
            raise BrokerUnavailable(f"Kafka does not tell where the topic ends: {exc}") from exc

    def _committed(self) -> Mapping[int, int]:
        try:
            found = self._consumer.committed(self._places, WITHIN_S)
        except KafkaException as exc:
            raise BrokerUnavailable(f"Kafka does not tell what was committed: {exc}") from exc
        return {place.partition: max(place.offset, 0) for place in found}
