"""Wait queue: calls that wait for a slot. Higher classes go first; within a class, the earliest call.

Not everyone can take every slot: some wait for the server that holds their KV blocks. So the first few are asked. When
none takes one, the slot would stay empty, and each is asked once more whether it takes one that is not its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar, get_args

from clients.calls import Class
from streams.errors import DeadlinePassed, ModelOverloaded

CLASSES: tuple[Class, ...] = get_args(Class)
TICK_S = 0.05
"""How often slots are looked for that come free by the time alone."""

LOOK_AHEAD = 64
"""How many are asked. Each one that is passed over costs a microsecond."""


class Returnable(Protocol):
    """Something that is given back."""

    def release(self) -> None: ...


P = TypeVar("P", bound=Returnable)
W = TypeVar("W")


Attempt = Callable[[float, float], P | None]
"""Tries to take a slot, for somebody who has waited for so many seconds; for the latter of them there have been slots
that nobody took."""


class Waiter(Generic[P]):
    """Somebody who waits until `attempt` gives a slot."""

    def __init__(self, attempt: Attempt[P]) -> None:
        loop = asyncio.get_running_loop()
        self._attempt, self._now = attempt, loop.time
        self._since_s = loop.time()
        self._passed_since_s: float | None = None
        self.slot: P | None = None
        self.called = loop.create_future()

    def advance(self, passed_over: bool = False) -> bool:  # noqa: FBT001, FBT002 # as whoever looks asks
        """Try, unless nobody waits here any more; returns whether a slot was taken just now."""
        if self.called.done():
            return False
        now_s = self._now()
        passed_s = 0.0
        if passed_over:
            self._passed_since_s = now_s if self._passed_since_s is None else self._passed_since_s
            passed_s = now_s - self._passed_since_s
        self.slot = self._attempt(now_s - self._since_s, passed_s)
        if self.slot is not None:
            self.called.set_result(None)
        return self.slot is not None


class WaitQueue:
    """A bounded line for slots. Call `advance` after giving a slot back. While a class has no `room`, none of its calls
    is asked."""

    def __init__(self, most: int = 1_000) -> None:
        self.room: Callable[[Class], bool] = lambda _: True
        self._most = most
        self._lines: dict[Class, deque[Waiter[Any]]] = {each: deque() for each in CLASSES}
        self._listeners: list[Callable[[], None]] = []
        self._ticking: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return sum(map(len, self._lines.values()))

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this whenever a slot may have come free that nobody in the line took."""
        self._listeners.append(listener)

    def advance(self) -> None:
        """Something has changed: give slots to those who can have them, in order."""
        for traffic_class, line in self._lines.items():
            while line and self.room(traffic_class) and (served := first_suited(line, Waiter.advance)):
                line.remove(served)
        for listener in self._listeners:
            listener()

    async def acquire(self, traffic_class: Class, attempt: Attempt[P], deadline_s: float) -> P:
        """Wait until `attempt` gives a slot, until the deadline on the loop's clock at the longest.

        Raises DeadlinePassed then, ModelOverloaded when too many wait already. Cancelled, it keeps no slot.
        """
        waiter = Waiter(attempt)
        if not waiter.advance():
            await self._wait(self._lines[traffic_class], waiter, deadline_s)
        if waiter.slot is None:
            raise AssertionError("called without a slot")
        return waiter.slot

    async def _wait(self, line: deque[Waiter[Any]], waiter: Waiter[Any], deadline_s: float) -> None:
        if self.waiting >= self._most:
            raise ModelOverloaded(f"{self._most} calls wait for a slot already")
        line.append(waiter)
        self._keep_ticking()
        called = False
        try:
            async with asyncio.timeout_at(deadline_s):
                await waiter.called
            called = True
        except TimeoutError as exc:
            raise DeadlinePassed("no slot came free before the deadline") from exc
        finally:
            if not called:
                self._leave(line, waiter)

    def _leave(self, line: deque[Waiter[Any]], waiter: Waiter[Any]) -> None:
        if waiter.slot is not None:  # it was called in the same instant in which it gave up
            waiter.slot.release()
        else:
            line.remove(waiter)

    def _keep_ticking(self) -> None:
        if self._ticking is None:
            self._ticking = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        self.advance()
        if self.waiting:
            self._keep_ticking()


def first_suited(waiting: Iterable[W], suits: Callable[[W, bool], bool]) -> W | None:
    """The first for whom `suits` says yes; when it says no to all, the first for whom it does when it is told so, by
    True. None when nobody takes a slot."""
    asked: list[W] = []
    for each in islice(waiting, LOOK_AHEAD):
        if suits(each, False):  # noqa: FBT003 # those who are asked name it
            return each
        asked.append(each)
    return next((each for each in asked if suits(each, True)), None)  # noqa: FBT003
