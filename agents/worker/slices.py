"""Slices: the records of a batch, decoded in pieces that are short enough for calls to run in between."""

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agents.health.statistics import Meter
from agents.worker.boundary import CountsFaults, judge
from streams.events.decoding import Decoded, Record, Refusal, joined
from streams.events.dialects import Dialect

PORTIONS = 8
"""A slice is decoded in about so many portions, and the clock is looked at after each."""


class Portion(NamedTuple):
    """Records, and how long their values are together."""

    records: Sequence[Record]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SliceRules:
    """What is taken in without a turn of the event loop: about 2 ms of work for usual events, and no more portions once
    they have taken `decode_s`. A record that is larger than a portion is decoded in a thread."""

    records: int = 250
    size_bytes: int = 65_536
    decode_s: float = 0.004

    @property
    def portion_bytes(self) -> int:
        """What is decoded without a look at the clock."""
        return max(self.size_bytes // PORTIONS, 1)

    def portions(self, records: Iterable[Record], done: int) -> Iterator[Portion]:
        """The records from the offset `done` on, a few at a time."""
        most, most_bytes = max(self.records // PORTIONS, 1), self.portion_bytes
        portion: list[Record] = []
        size_bytes = 0
        for record in records:
            if record.offset < done:
                continue
            value = record.value
            length = len(value) if value else 0
            if portion and (len(portion) == most or size_bytes + length > most_bytes):
                yield Portion(portion, size_bytes)
                portion, size_bytes = [], 0
            portion.append(record)
            size_bytes += length
        if portion:
            yield Portion(portion, size_bytes)


class Slice(NamedTuple):
    """What stands in some records, the last of them at `last_offset`."""

    decoded: Decoded
    last_offset: int


class Slices:
    """Decodes batches. One portion at a time, for a decoder remembers what it has seen."""

    def __init__(self, decoder: Dialect, rules: SliceRules, meter: Meter) -> None:
        self._decoder, self._rules, self._meter = decoder, rules, meter
        self._decoding = asyncio.Lock()

    def portions(self, records: Iterable[Record], done: int) -> deque[Portion]:
        """What is to be decoded of a batch: what stands at the offset `done`, and after it."""
        return deque(self._rules.portions(records, done))

    async def first(self, portions: deque[Portion], spoiled: Collection[int] = ()) -> Slice:
        """Decode the first portions, and take them out: at least one, and no more than make a slice. What stands at
        `spoiled` offsets is refused unread."""
        rules, loop = self._rules, asyncio.get_running_loop()
        until_s = loop.time() + rules.decode_s
        parts, count, size_bytes = [], 0, 0
        while True:
            portion = portions.popleft()
            parts.append(await self._decode(portion, spoiled))
            count, size_bytes = count + len(portion.records), size_bytes + portion.size_bytes
            if not portions or loop.time() >= until_s:
                break
            follows = portions[0]
            if count + len(follows.records) > rules.records or size_bytes + follows.size_bytes > rules.size_bytes:
                break
        return Slice(joined(parts), portion.records[-1].offset)

    async def _decode(self, portion: Portion, spoiled: Collection[int]) -> Decoded:
        if not spoiled:
            return await self._read(portion)
        good = [record for record in portion.records if record.offset not in spoiled]
        decoded = await self._read(portion._replace(records=good)) if good else Decoded([], [])
        decoded.refused.extend(Refusal(record, "fault") for record in portion.records if record.offset in spoiled)
        decoded.refused.sort(key=lambda refusal: refusal.offset)
        return decoded

    async def _read(self, portion: Portion) -> Decoded:
        async with self._decoding:
            if portion.size_bytes > self._rules.portion_bytes:
                return await asyncio.to_thread(decoded_apart, self._decoder, portion.records, self._meter)
            return decoded_apart(self._decoder, portion.records, self._meter)


def decoded_apart(decoder: Dialect, records: Sequence[Record], meter: CountsFaults) -> Decoded:
    """Decode records; one that the decoder itself fails at is refused alone."""
    try:
        return decoder.decode(records)
    except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the worker
        judge(error, "record", meter)
        if len(records) == 1:
            return Decoded([], [Refusal(records[0], "fault", detail=type(error).__name__)])
    return joined([decoded_apart(decoder, [record], meter) for record in records])
