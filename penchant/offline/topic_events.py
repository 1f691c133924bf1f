"""Topic events: the latest of a topic, for what learns from a recording. Read in no group."""

from penchant.offline.estimate.reading import read_topic
from penchant.settings.root import Settings
from streams.events.event import ShopperEvent
from streams.kafka.erasure_topic import ErasureReader
from streams.kafka.reader import TopicReader
from streams.records.watermark import Watermark


async def topic_events(settings: Settings, minutes: float, most: int) -> list[ShopperEvent]:
    """The events of the last `minutes` before the newest record, at most about `most`, by their times. Left out is what
    [privacy] leaves out, and everything of shoppers who were erased or opted out, at any time. ContractMismatch where
    there are none, BrokerUnavailable without Kafka."""
    sample = await read_topic(settings.kafka, minutes, most, None, settings.privacy)
    gone = await erased(settings)
    return [arrived.event for arrived in sample.events if arrived.event.shopper_id not in gone]


async def erased(settings: Settings) -> set[str]:
    """Everybody in the topic of erasures; nobody where there is no such topic."""
    async with TopicReader(settings.kafka.options) as reader:
        erasures = ErasureReader(reader, settings.kafka.erasure_topic)
        end = await erasures.end()
        return {each.shopper async for some in erasures.between(Watermark(), end) for each in some}
