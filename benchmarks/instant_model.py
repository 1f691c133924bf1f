"""Instant model: it answers at once, or after a set time, so that what a benchmark measures is the rest."""

import asyncio
from collections.abc import Callable

from clients.calls import Call, Completion
from sandbox.gpu.answers import LOOKS_AROUND


class InstantModel:
    """A ModelClient in this process. `began` and `ended` are told of each call, the latter only when it is answered."""

    def __init__(
        self,
        delay_s: float = 0.0,
        began: Callable[[Call], None] = lambda _: None,
        ended: Callable[[Call], None] = lambda _: None,
    ) -> None:
        self._delay_s, self._began, self._ended = delay_s, began, ended

    async def complete(self, call: Call) -> Completion:
        """The answer, whatever was asked."""
        self._began(call)
        await asyncio.sleep(self._delay_s)
        self._ended(call)
        return Completion(LOOKS_AROUND, model="instant", endpoint="in-process")

    async def probe(self) -> str:
        """What it is."""
        return "one constant answer, in this process"

    async def close(self) -> None:
        """There is nothing to close."""
