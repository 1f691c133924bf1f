"""History topics: where intents are appended, and what an erasure leaves there."""

from collections.abc import Sequence

import structlog

from penchant.settings.kafka import Kafka
from streams.errors import ContractMismatch
from streams.kafka.producer import RecordProducer
from streams.kafka.reader import TopicReader
from streams.kafka.topics import COMPACTED, create_topic
from streams.records.history import Readable

NOT_MADE = (
    "make it by the broker's own means, or grant the right to create topics (docs/security.md). Until then what is to "
    "go there waits, and in the end partitions pause; it goes on without a restart"
)

log = structlog.get_logger()


async def make_topics(kafka: Kafka, partitions: int) -> None:
    """Make the topics that a worker writes where they are set and not there, with as many partitions as the event
    topic; where that is not possible, the log says so, and somebody has to."""
    wanted = {kafka.dead_letter_topic: {}, kafka.intents_topic: COMPACTED, kafka.history_topic: {}}
    async with TopicReader(kafka.options) as reader:
        missing = [topic for topic in wanted if topic is not None and not await reader.has(topic)]
    for topic in missing:
        try:
            await create_topic(kafka.options, topic, partitions, wanted[topic])
        except ContractMismatch as error:
            log.warning("topic.not_made", topic=topic, error=str(error), remedy=NOT_MADE, partitions=partitions)


def topics_of(kafka: Kafka) -> list[str]:
    """The topics of intents that are set."""
    return [topic for topic in (kafka.intents_topic, kafka.history_topic) if topic]


class KafkaHistory:
    """Appends to topics, through a producer that its owner starts and stops."""

    def __init__(self, producer: RecordProducer, topics: Sequence[str]) -> None:
        self._producer, self._topics = producer, topics

    async def append(self, readable: Readable) -> None:
        """Send to both, and wait until the broker has it. Raises BrokerUnavailable, or ContractMismatch when it never
        will."""
        await self._send(readable.intent.shopper, readable.dump())

    async def erase(self, shopper: str) -> None:
        """Nothing is readable of the shopper any more: a tombstone. Raises as `append` does."""
        await self._send(shopper, None)

    async def _send(self, shopper: str, value: bytes | None) -> None:
        sent = [await self._producer.put(topic, shopper.encode(), value) for topic in self._topics]
        await self._producer.acknowledged(" and ".join(self._topics), sent)
