"""The erasure topic of a simulated world, as one process reads it."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from streams.records.erasures import Erasure
from streams.records.watermark import Watermark
from tests.simulation.wire import Wire

SLICE = 2


class ErasureReader:
    """The port of agents/worker/erasures.py: one partition, which is never compacted."""

    def __init__(self, erasures: Sequence[Erasure], wire: Wire) -> None:
        self._erasures, self._wire = erasures, wire

    async def end(self) -> Watermark:
        return await self._wire.ask(lambda: Watermark("erasures", (len(self._erasures),)))

    async def between(self, first: Watermark, end: Watermark) -> AsyncIterator[Sequence[Erasure]]:
        for at in end.missing(first).values():
            for begin in range(at, end.offsets[0], SLICE):
                yield await self._wire.ask(partial(self._slice, begin, min(begin + SLICE, end.offsets[0])))

    def _slice(self, begin: int, end: int) -> Sequence[Erasure]:
        return self._erasures[begin:end]
