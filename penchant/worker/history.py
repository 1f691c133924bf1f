"""History topics: where intents are appended, and what an erasure leaves there."""

import asyncio

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from penchant.kafka.topics import create_topic
from penchant.settings.kafka import Kafka
from streams.errors import BrokerUnavailable, ContractMismatch
from streams.records.history import Readable

WITHIN_S = 5.0
COMPACTED = {"cleanup.policy": "compact"}

log = structlog.get_logger()


async def make_topics(kafka: Kafka, partitions: int) -> None:
    """Make those that are set and not there, with as many partitions as the event topic; where that is not possible,
    the log says so, and somebody has to."""
    for topic, config in ((kafka.intents_topic, COMPACTED), (kafka.history_topic, {})):
        if topic is None:
            continue
        try:
            await create_topic(kafka.model_copy(update={"topic": topic}), partitions, config)
        except ContractMismatch as error:
            log.warning("history.no_topic", topic=topic, error=str(error))


class KafkaHistory:
    """Appends through a producer that somebody else starts and stops; to the topics that are set."""

    def __init__(self, producer: AIOKafkaProducer, kafka: Kafka) -> None:
        self._producer = producer
        self._topics = [topic for topic in (kafka.intents_topic, kafka.history_topic) if topic]

    async def append(self, readable: Readable) -> None:
        """Send to both, and wait until the broker has it. Raises BrokerUnavailable."""
        await self._send(readable.intent.shopper, readable.dump())

    async def erase(self, shopper: str) -> None:
        """Nothing is readable of the shopper any more: a tombstone. Raises BrokerUnavailable."""
        await self._send(shopper, None)

    async def _send(self, shopper: str, value: bytes | None) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                sent = [await self._producer.send(topic, key=shopper.encode(), value=value) for topic in self._topics]
                await asyncio.gather(*sent)
        except (KafkaError, TimeoutError, OSError) as exc:
            raise BrokerUnavailable(f"{' and '.join(self._topics)}: no record is taken: {exc!r}") from exc
