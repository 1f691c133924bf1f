"""Erased: letters of shoppers who were forgotten since. Going back, they would come after the erasure, and count."""

from collections.abc import Mapping
from contextlib import aclosing

from penchant.kafka.reader import TopicReader
from streams.errors import ContractMismatch, EventRefused
from streams.records.dead_letters import DeadLetter
from streams.records.erasures import Erasure

Erasures = Mapping[str, Erasure]


async def erasures(reader: TopicReader, topic: str) -> Erasures:
    """Each shopper's last erasure; a topic that is not there holds none. A record that is no erasure is none here."""
    try:
        log = await reader.log(topic)
    except ContractMismatch:
        return {}
    known: dict[str, Erasure] = {}
    async with aclosing(reader.scan(log, dict.fromkeys(range(log.partitions), 0))) as scan:
        async for _, records in scan:
            for record in records:
                try:
                    found = Erasure.load(record.key, record.value)
                except EventRefused:
                    continue
                if found.shopper not in known or found.number >= known[found.shopper].number:
                    known[found.shopper] = found
    return known


def erased(letter: DeadLetter, refused_ms: int, erasure: Erasure | None, topic: str) -> bool:
    """Whether a letter is from before the erasure, in doubt yes: by its own time, else by that of its refusal; and one
    of `topic`, the events', also by its offset."""
    if erasure is None:
        return False
    time_ms = refused_ms if letter.timestamp_ms is None else letter.timestamp_ms
    placed = letter.topic == topic and erasure.covers(erasure.lineage, letter.partition, letter.offset, time_ms)
    return placed or time_ms <= erasure.number
