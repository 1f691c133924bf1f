"""Announcing: what is known of products, in a compacted topic that other systems and a lake follow."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson

from penchant.offline.products.writing import product_row
from penchant.settings.kafka import Kafka
from streams.kafka.producer import RecordProducer, producing
from streams.kafka.reader import TopicReader
from streams.kafka.topics import COMPACTED, create_topic
from streams.records.products import Understood

PARTITIONS = 12


class CardsTopic:
    """Appends to the topic, through a producer that its owner starts and stops; to none where none is named."""

    def __init__(self, producer: RecordProducer | None, topic: str = "") -> None:
        self._producer, self._topic = producer, topic

    async def append(self, known: Sequence[Understood], gone: Sequence[str]) -> None:
        """Products as `products.jsonl` has them, and tombstones; returns when the broker has them. Raises
        BrokerUnavailable, or ContractMismatch when it never will."""
        if self._producer is None:
            return
        rows = {each.product: orjson.dumps(product_row(each)) for each in known}
        values = [*rows.items(), *((product, None) for product in gone)]
        sent = [await self._producer.put(self._topic, product.encode(), value) for product, value in values]
        await self._producer.acknowledged(self._topic, sent)


@asynccontextmanager
async def announcing(kafka: Kafka) -> AsyncIterator[CardsTopic]:
    """To kafka.cards_topic, which is made where it is not there. Raises as `create_topic` does."""
    if kafka.cards_topic is None:
        yield CardsTopic(None)
        return
    async with TopicReader(kafka.options) as reader:
        there = await reader.has(kafka.cards_topic)
    if not there:
        await create_topic(kafka.options, kafka.cards_topic, PARTITIONS, COMPACTED)
    async with producing(kafka.options) as producer:
        yield CardsTopic(producer, kafka.cards_topic)
