"""Hedging: a call whose first token is late is made a second time, elsewhere; the first answer wins."""

import asyncio
from collections import deque
from typing import Any

from msgspec import structs

from clients.calls import Ask, Call, Completion
from clients.limits.retry_budget import RetryBudget
from streams.errors import DeadlinePassed, ModelUnavailable

KEPT, LEAST = 200, 50
LATE = 0.95


class FirstTokens:
    """How long first tokens took, of the latest calls. Of a server that does not stream it is the whole answer."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)
        self._late_s: float | None = None

    def learn(self, seconds: float) -> None:
        """One came after so long."""
        self._seconds.append(seconds)
        if len(self._seconds) >= LEAST:
            self._late_s = sorted(self._seconds)[int(len(self._seconds) * LATE)]

    def late_s(self) -> float | None:
        """After how long one is late: nineteen of twenty came earlier. None before enough is known."""
        return self._late_s


class Hedges:
    """When calls of one class are late, by those of that class alone, and how many may be made again: one in fifty."""

    def __init__(self) -> None:
        self.first_tokens = FirstTokens()
        self.budget = RetryBudget(share=0.02, least=0, window_s=300.0)


async def hedged(call: Call, first: Ask, second: Ask, tokens: FirstTokens) -> Completion:
    """The answer of `first`, or that of `second`, which is asked as well when the first token is late.

    Cancelling this cancels both. When none answers, it raises what `first` raised.
    """
    begun = asyncio.Event()
    tasks: list[asyncio.Future[Completion]] = [asyncio.ensure_future(first(structs.replace(call, begun=begun.set)))]
    try:
        if await _late(tasks[0], begun, tokens):
            tasks.append(asyncio.ensure_future(second(call)))
        return await _first_answer(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _late(task: asyncio.Future[Completion], begun: asyncio.Event, tokens: FirstTokens) -> bool:
    began_s, late_s = _now(), tokens.late_s()
    token = asyncio.ensure_future(begun.wait())
    waited: set[asyncio.Future[Any]] = {task, token}
    try:
        done, _ = await asyncio.wait(waited, timeout=late_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        token.cancel()
    if not done and late_s is not None:
        tokens.learn(late_s * 1.5)  # how late is not known; that it was counts
    elif begun.is_set() or task.exception() is None:
        tokens.learn(_now() - began_s)
    return not done


async def _first_answer(tasks: list[asyncio.Future[Completion]]) -> Completion:
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if not isinstance(task.exception(), ModelUnavailable | DeadlinePassed):
                return task.result()
    return tasks[0].result()


def _now() -> float:
    return asyncio.get_running_loop().time()
