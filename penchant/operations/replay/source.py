"""Source: the records of a range, partition by partition, in no group: what is live is not touched."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from penchant.kafka.reader import TopicReader
from penchant.operations.replay.moments import Moment
from streams.events.decoding import Record, encode
from streams.events.event import ShopperEvent
from streams.events.recording import recording
from streams.records.lineage import Log

CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Range:
    """Of each partition, the first offset and the one after the last."""

    firsts: Mapping[int, int]
    ends: Mapping[int, int]

    @property
    def records(self) -> int:
        """How many offsets that is."""
        return sum(max(self.ends[number] - first, 0) for number, first in self.firsts.items())


async def find(reader: TopicReader, log: Log, begin: Moment, end: Moment) -> Range:
    """The offsets of two moments."""
    begins = await reader.beginnings(log)
    firsts = await _offsets(reader, log, begin, begins)
    ends = await _offsets(reader, log, end, dict(enumerate(log.ends)))
    firsts = {number: max(first, begins[number]) for number, first in firsts.items()}
    return Range(firsts, {number: max(at, firsts[number]) for number, at in ends.items()})


async def read(reader: TopicReader, log: Log, span: Range) -> AsyncIterator[tuple[int, Sequence[Record]]]:
    """The records of a range."""
    firsts = {number: first for number, first in span.firsts.items() if first < span.ends[number]}
    ends = tuple(span.ends[number] for number in range(log.partitions))
    if firsts:
        async for found in reader.scan(Log(log.topic, log.topic_id, ends), firsts):
            yield found


class Line(NamedTuple):
    """A line of a file, in the place of a record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


async def lines(path: Path, first: int = 0) -> AsyncIterator[tuple[int, Sequence[Record]]]:
    """A file's events as the records of one partition, from an offset on; bad rows are left out. SettingInvalid when
    the file is none that we can read."""
    events = await asyncio.to_thread(_events, path)
    for start in range(first, len(events), CHUNK):
        some = events[start : start + CHUNK]
        yield (
            0,
            [
                Line(start + at, event.time_ms, event.shopper_id.encode(), encode(event))
                for at, event in enumerate(some)
            ],
        )
        await asyncio.sleep(0)


def _events(path: Path) -> list[ShopperEvent]:
    return sorted((each for each in recording(path) if isinstance(each, ShopperEvent)), key=lambda event: event.time_ms)


async def _offsets(reader: TopicReader, log: Log, at: Moment, otherwise: Mapping[int, int]) -> dict[int, int]:
    if at.offset is not None:
        return {number: min(at.offset, log.ends[number]) for number in range(log.partitions)}
    if at.time_ms is not None:
        found = await reader.at(log, at.time_ms)
        return {number: min(found.get(number, end), end) for number, end in enumerate(log.ends)}
    return dict(otherwise)
