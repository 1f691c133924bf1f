"""The erasure topic in memory: the port of agents/worker/erasures.py."""

from collections.abc import AsyncIterator, Sequence

from streams.errors import BrokerUnavailable
from streams.records.erasures import Erasure
from streams.records.watermark import Watermark


class MemoryErasures:
    """One partition. While `down` is true every call fails; without `is_there` it is missing; `read` counts the records
    that were handed out."""

    def __init__(self, erasures: Sequence[Erasure] = ()) -> None:
        self.records = list(erasures)
        self.down, self.is_there = False, True
        self.read = 0
        self.name = "t1"

    async def end(self) -> Watermark:
        self._check()
        return Watermark(self.name, (len(self.records),)) if self.is_there else Watermark()

    async def between(self, first: Watermark, end: Watermark) -> AsyncIterator[Sequence[Erasure]]:
        self._check()
        for number, at in end.missing(first).items():
            some = self.records[at : end.offsets[number]]
            self.read += len(some)
            yield some

    def _check(self) -> None:
        if self.down:
            raise BrokerUnavailable("the erasure topic in memory is down")
