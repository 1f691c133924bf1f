"""Erased: letters of shoppers who were forgotten since. Going back, they would come after the erasure, and count."""

from collections.abc import Mapping

from streams.kafka.erasure_topic import ErasureReader
from streams.kafka.reader import TopicReader
from streams.records.dead_letters import DeadLetter
from streams.records.erasures import Erasure
from streams.records.watermark import Watermark

Erasures = Mapping[str, Erasure]


async def erasures(reader: TopicReader, topic: str) -> Erasures:
    """Each shopper's last erasure; a topic that is not there holds none."""
    known: dict[str, Erasure] = {}
    erasures = ErasureReader(reader, topic)
    async for some in erasures.between(Watermark(), await erasures.end()):
        for each in some:
            if each.shopper not in known or each.number >= known[each.shopper].number:
                known[each.shopper] = each
    return known


def erased(letter: DeadLetter, refused_ms: int, erasure: Erasure | None, topic: str) -> bool:
    """Whether a letter is from before the erasure, in doubt yes: by its own time, else by that of its refusal; and one
    of `topic`, the events', also by its offset."""
    if erasure is None:
        return False
    time_ms = refused_ms if letter.timestamp_ms is None else letter.timestamp_ms
    placed = letter.topic == topic and erasure.covers(erasure.lineage, letter.partition, letter.offset, time_ms)
    return placed or erasure.opted_out or time_ms <= erasure.number
