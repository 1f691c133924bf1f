"""Following: a compacted topic of products taken over as it changes, in no group, from where the last run came to."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import orjson

from agents.products.understanding import Understanding
from penchant.offline.products.columns import Columns
from penchant.offline.products.job import CHUNK, in_order
from penchant.offline.products.reading import Rejected
from penchant.offline.products.records import changes
from prompts.products.asking import ProductPrompts
from streams.events.decoding import Record
from streams.kafka.reader import TopicReader
from streams.records.cards import Card
from streams.records.products import Product, Understood
from streams.records.watermark import Watermark

REMEDY = "make it with cleanup.policy=compact, keyed by the product's id, or name another in kafka.products_topic"


class Shelf(Protocol):
    """The port to cards and lines of knowledge. Raises StoreUnavailable."""

    async def write(self, cards: Mapping[str, Card], lines: Mapping[str, str] | None = None) -> None: ...

    async def remove(self, products: Sequence[str]) -> None: ...


class Announced(Protocol):
    """The port to the topic of what is known of products. Raises BrokerUnavailable."""

    async def append(self, known: Sequence[Understood], gone: Sequence[str]) -> None: ...


class Places(Protocol):
    """The port to how far topics were followed."""

    async def followed(self, topic: str) -> Watermark: ...

    async def note_followed(self, topic: str, reached: Watermark) -> None: ...


@dataclass(slots=True)
class Taken:
    """What was taken over: products that were written, products that were removed, and records that are none."""

    products: int = 0
    gone: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """The topic, what its rows' fields are called, and in which words products are asked about."""

    topic: str
    columns: Columns
    prompts: ProductPrompts


class Follower:
    """Takes over what a topic says, and notes how far it came once that stands where matches and prompts read it.

    After a kill the records since the last note are taken over again: their answers are kept, what is written is the
    same, and a reject may stand twice.
    """

    def __init__(
        self,
        source: Source,
        understanding: Understanding,
        places: Places,
        shelf: Shelf,
        announced: Announced,
        rejects: Path,
        at_once: int,
    ) -> None:
        self._source, self._understanding, self._at_once = source, understanding, at_once
        self._places, self._shelf, self._announced, self._rejects = places, shelf, announced, rejects
        self.taken = Taken()

    async def catch_up(self, reader: TopicReader) -> None:
        """Take over all that the topic has now. A topic that was re-created is read from its beginning.

        Raises TopicMissing, BrokerUnavailable, StoreUnavailable and ModelUnavailable; what was taken over stays.
        """
        topic = self._source.topic
        log = await reader.log(topic, REMEDY)
        end = Watermark(log.topic_id or "", log.ends)
        before = await self._places.followed(topic)
        firsts = end.missing(before)
        if not firsts:
            return
        reached = [firsts.get(number, offset) for number, offset in enumerate(end.offsets)]
        async with aclosing(reader.scan(log, firsts)) as scan:
            async for partition, records in scan:
                for at in range(0, len(records), CHUNK):
                    reached[partition] = await self._take(partition, records[at : at + CHUNK])
                    await self._places.note_followed(topic, Watermark(end.topic, tuple(reached)))
        await self._places.note_followed(topic, end)

    async def _take(self, partition: int, records: Sequence[Record]) -> int:
        """Take some records over; returns the offset behind them."""
        some = changes(partition, records, self._source.columns, self._source.prompts)
        asked = [each async for each in in_order(_each(some.products), self._understanding, self._at_once)]
        known = [each for each in asked if isinstance(each, Understood)]
        rejected = [*some.rejected, *(each for each in asked if isinstance(each, Rejected))]
        await self._shelf.write(
            {each.product: each.card for each in known}, {each.product: each.line for each in known}
        )
        await self._shelf.remove(some.gone)
        await self._announced.append(known, some.gone)
        if rejected:
            await asyncio.to_thread(_append, self._rejects, rejected)
        self.taken.products += len(known)
        self.taken.gone += len(some.gone)
        self.taken.rejected += len(rejected)
        return records[-1].offset + 1


async def _each(products: Sequence[Product]) -> AsyncIterator[Product]:
    for product in products:
        yield product


def _append(path: Path, rejected: Sequence[Rejected]) -> None:
    with path.open("ab") as file:
        file.writelines(orjson.dumps(asdict(each)) + b"\n" for each in rejected)
