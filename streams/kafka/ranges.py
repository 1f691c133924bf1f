"""Ranges: which records of a topic stand between two moments, and reading them, in no group."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from streams.events.decoding import Record
from streams.kafka.moments import Moment
from streams.kafka.reader import TopicReader
from streams.records.lineage import Log


@dataclass(frozen=True, slots=True)
class Range:
    """Of each partition, the first offset and the one after the last."""

    firsts: Mapping[int, int]
    ends: Mapping[int, int]

    @property
    def records(self) -> int:
        """How many offsets that is."""
        return sum(max(self.ends[number] - first, 0) for number, first in self.firsts.items())


async def find_range(reader: TopicReader, log: Log, begin: Moment, end: Moment) -> Range:
    """The offsets of two moments."""
    begins = await reader.beginnings(log)
    firsts = {number: max(first, begins[number]) for number, first in (await _offsets(reader, log, begin)).items()}
    return Range(firsts, {number: max(at, firsts[number]) for number, at in (await _offsets(reader, log, end)).items()})


async def read_range(reader: TopicReader, log: Log, span: Range) -> AsyncIterator[tuple[int, Sequence[Record]]]:
    """The records of a range."""
    firsts = {number: first for number, first in span.firsts.items() if first < span.ends[number]}
    ends = tuple(span.ends[number] for number in range(log.partitions))
    if firsts:
        async for found in reader.scan(Log(log.topic, log.topic_id, ends), firsts):
            yield found


async def _offsets(reader: TopicReader, log: Log, at: Moment) -> dict[int, int]:
    ends = dict(enumerate(log.ends))
    if at.offset is not None:
        return {number: min(at.offset, end) for number, end in ends.items()}
    if at.time_ms is None:
        return ends
    found = await reader.since(log, at.time_ms)
    return {number: min(found[number].offset, end) if number in found else end for number, end in ends.items()}
