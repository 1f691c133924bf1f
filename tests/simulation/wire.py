"""The wire between a process and a server: requests take time, get lost, fail, or are done though nobody waits."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sandbox.clock import Process

T = TypeVar("T")


@dataclass(slots=True)
class Weather:
    """How it goes with a server just now. The shares are of requests: `lost` never arrive; of `unheard` ones the answer
    gets lost; `ghosts` are carried out only after whoever asked gave up, up to `ghost_s` later."""

    down: bool = False
    lost: float = 0.0
    unheard: float = 0.0
    ghosts: float = 0.0
    ghost_s: float = 1.0
    slow_s: float = 0.0

    def clear(self) -> None:
        """Fine weather."""
        self.down = False
        self.lost = self.unheard = self.ghosts = self.slow_s = 0.0


class Wire:
    """One process's way to one server, which runs in the process `world`.

    `cut`: nothing passes. What goes wrong is raised as `error`, at the latest after `timeout_s`.
    """

    def __init__(
        self,
        world: Process,
        weather: Weather,
        chance: random.Random,
        timeout_s: float,
        error: type[Exception],
    ) -> None:
        self.cut = False
        self._world, self._weather, self._chance = world, weather, chance
        self._timeout_s, self._error = timeout_s, error

    async def ask(self, act: Callable[[], T]) -> T:
        """Have the server do something and answer."""
        here = asyncio.get_running_loop()
        answer: asyncio.Future[T] = here.create_future()
        self._send(act, answer)
        giving_up = here.call_later(self._timeout_s, self._fail, answer, "no answer in time")
        try:
            return await answer
        finally:
            giving_up.cancel()

    def _send(self, act: Callable[[], T], answer: "asyncio.Future[T]") -> None:
        weather, draw = self._weather, self._chance.random
        fate = draw()
        there_s, back_s = self._latency_s(), self._latency_s()
        if self.cut or fate < weather.lost:
            return
        fate -= weather.lost
        if fate < weather.ghosts:
            there_s = self._timeout_s + draw() * weather.ghost_s
        heard = fate >= weather.ghosts + weather.unheard
        self._world.call_later(there_s, self._carry_out, act, answer, back_s, heard)

    def _carry_out(self, act: Callable[[], T], answer: "asyncio.Future[T]", back_s: float, heard: bool) -> None:  # noqa: FBT001
        if self._weather.down:
            self._world.call_later(back_s, self._fail, answer, "it is down")
            return
        try:
            result = act()
        except (Refused, self._error) as refused:
            self._world.call_later(back_s, self._refuse, answer, refused)
            return
        if heard:
            self._world.call_later(back_s, self._reply, answer, result)

    def _reply(self, answer: "asyncio.Future[T]", result: T) -> None:
        if not answer.done() and not self.cut:
            answer.set_result(result)

    def _refuse(self, answer: "asyncio.Future[T]", refused: Exception) -> None:
        if not answer.done() and not self.cut:
            answer.set_exception(refused)

    def _fail(self, answer: "asyncio.Future[T]", why: str) -> None:
        if not answer.done():
            answer.set_exception(self._error(why))

    def _latency_s(self) -> float:
        return 0.001 + self._chance.random() * (0.004 + self._weather.slow_s)


class Refused(Exception):
    """The server understood and says no."""
