"""Events: the topic of shopper events, read in no group, for what became of requests."""

import time
from collections.abc import Mapping
from contextlib import aclosing

from penchant.offline.export.outcomes import Afterwards, Known
from penchant.offline.topic_events import erased
from penchant.settings.root import Settings
from streams.events.dialects import dialect
from streams.kafka.reader import TopicReader
from streams.records.lineage import Log


async def read_events(settings: Settings, afterwards: Afterwards) -> Known:
    """Add all events since the first request; what [privacy] leaves out is left out, and everything of shoppers who
    were erased or opted out, at any time. TopicMissing, BrokerUnavailable."""
    gone, decoder = await erased(settings), dialect(settings.kafka.dialect, keyed=True, privacy=settings.privacy)
    rules, until_ms = settings.session, 0
    async with TopicReader(settings.kafka.options) as reader:
        log = await reader.log(settings.kafka.topic)
        begins = await reader.beginnings(log)
        first_ms = afterwards.first_ms - round(rules.future_skew_s * 1e3)
        found = await reader.since(log, max(first_ms, 0))
        firsts = {number: start.offset for number, start in found.items() if start.offset < log.ends[number]}
        async with aclosing(reader.scan(log, firsts)) as scan:
            async for _, records in scan:
                until_ms = max((until_ms, *(record.timestamp for record in records)))
                for _, timestamp_ms, event in decoder.decode(records).events:
                    if event.shopper_id not in gone:
                        afterwards.add(event, rules.capped_ms(event.time_ms, timestamp_ms))
        from_ms = await _begins_ms(reader, log, begins)
    return Known(from_ms, min(until_ms, time.time_ns() // 1_000_000), frozenset(gone))


async def _begins_ms(reader: TopicReader, log: Log, begins: Mapping[int, int]) -> int:
    """Since when each partition holds all there was; one that has lost nothing, for ever."""
    lost = [number for number, first in begins.items() if first and first < log.ends[number]]
    firsts = [await reader.one(log, number, begins[number]) for number in lost]
    return max((each.timestamp for each in firsts if each is not None), default=0)
