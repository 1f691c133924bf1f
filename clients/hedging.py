"""Hedging: a call whose first token is late is made a second time, elsewhere; the first answer wins."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from clients.calls import Call, Completion
from streams.errors import DeadlinePassed, ModelUnavailable

KEPT, LEAST = 200, 50
LATE = 0.95

Ask = Callable[[Call], Awaitable[Completion]]


class FirstTokens:
    """When first tokens came, of the latest calls."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)
        self._late_s: float | None = None

    def learn(self, completion: Completion) -> None:
        """Take in what a server told."""
        if completion.prefill_ms is None:
            return
        self._seconds.append((completion.prefill_ms + (completion.queue_ms or 0.0)) / 1e3)
        if len(self._seconds) >= LEAST:
            self._late_s = sorted(self._seconds)[int(len(self._seconds) * LATE)]

    def late_s(self) -> float | None:
        """After how long a first token is late: nineteen of twenty came earlier. None before enough is known."""
        return self._late_s


async def hedged(call: Call, first: Ask, second: Ask, delay_s: float) -> Completion:
    """The first answer of `first`, and `second` if after `delay_s` there is no first token. Cancelling this cancels
    both. When none answers, it raises what `first` raised."""
    begun = asyncio.Event()
    tasks: list[asyncio.Future[Completion]] = [asyncio.ensure_future(first(replace(call, begun=begun.set)))]
    try:
        if await _silent(tasks[0], begun, delay_s):
            tasks.append(asyncio.ensure_future(second(call)))
        return await _first_answer(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _silent(task: asyncio.Future[Completion], begun: asyncio.Event, delay_s: float) -> bool:
    token = asyncio.ensure_future(begun.wait())
    waited: set[asyncio.Future[Any]] = {task, token}
    try:
        done, _ = await asyncio.wait(waited, timeout=delay_s, return_when=asyncio.FIRST_COMPLETED)
        return not done
    finally:
        token.cancel()


async def _first_answer(tasks: list[asyncio.Future[Completion]]) -> Completion:
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if not isinstance(task.exception(), ModelUnavailable | DeadlinePassed):
                return task.result()
    return tasks[0].result()
