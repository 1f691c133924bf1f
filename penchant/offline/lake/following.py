"""Following: topics written into a lake as they grow, in no group, from where its manifest says that they stand."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from penchant.offline.lake.batch import Batch
from penchant.offline.lake.lake import Lake
from penchant.offline.lake.rows import Kind
from streams.kafka.reader import TopicReader
from streams.records.lineage import Log
from streams.records.watermark import Watermark

MOST_RECORDS, MOST_BYTES = 50_000, 67_108_864
"""Of a batch, which is held in memory."""

REMEDY = "workers make kafka.history_topic, and `penchant products` kafka.cards_topic, with the first that they append"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Source:
    """A topic, and what it holds."""

    topic: str
    kind: Kind


@dataclass(slots=True)
class Written:
    """Records that were written, those of them that say nothing, and records that were gone before they were read."""

    records: int = 0
    refused: int = 0
    missed: int = 0


class Follower:
    """Writes a batch when it is full, or when `every_s` have passed since the last one."""

    def __init__(self, lake: Lake, sources: Sequence[Source], every_s: float, clock: Callable[[], float]) -> None:
        self._lake, self._sources, self._every_s, self._clock = lake, sources, every_s, clock
        self._reached = dict(lake.manifest.reached)
        self._batch, self._since_s = Batch(), clock()
        self.written = Written()

    async def catch_up(self, reader: TopicReader) -> None:
        """Read what the topics have now. A topic that was re-created is read from its beginning.

        Raises TopicMissing, BrokerUnavailable, and what a lake raises.
        """
        for source in self._sources:
            seen = await reader.log(source.topic, REMEDY)
            end = Watermark(seen.topic_id or "", seen.ends)
            if firsts := end.missing(self._reached.get(source.topic, Watermark())):
                await self._read(reader, source, seen, end, firsts)
        if self._batch.records and self._clock() - self._since_s >= self._every_s:
            await self.write()

    async def write(self) -> None:
        """Write what was read."""
        if self._reached != self._lake.manifest.reached:
            await asyncio.to_thread(self._lake.commit, self._batch, dict(self._reached))
        self.written.records += self._batch.records
        self.written.refused += self._batch.refused
        self._batch, self._since_s = Batch(), self._clock()

    async def _read(
        self, reader: TopicReader, source: Source, seen: Log, end: Watermark, firsts: dict[int, int]
    ) -> None:
        """From `firsts` to the end. What retention has removed is told, and passed over."""
        for number, begin in (await reader.beginnings(seen)).items():
            if begin > firsts.get(number, begin):
                self.written.missed += begin - firsts[number]
                log.warning("lake.missed", topic=source.topic, partition=number, records=begin - firsts[number])
                firsts[number] = begin
        places = [firsts.get(number, offset) for number, offset in enumerate(end.offsets)]
        firsts = {number: first for number, first in firsts.items() if first < end.offsets[number]}
        async with aclosing(reader.scan(seen, firsts)) as scan:
            async for partition, records in scan:
                for record in records:
                    self._batch.add(source.kind, partition, record)
                    places[partition] = record.offset + 1
                self._reached[source.topic] = Watermark(end.topic, tuple(places))
                if self._batch.records >= MOST_RECORDS or self._batch.bytes >= MOST_BYTES:
                    await self.write()
        self._reached[source.topic] = end
