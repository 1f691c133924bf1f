"""How the tests of the clients ask: calls that carry their turn, and waiting for what a server will have noticed."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import TypeVar

from clients.calls import Call
from tests.fakes.scripted_calls import Turn

Answer = TypeVar("Answer")
NUMBER = itertools.count()


def ask(turn: Turn | str, within_s: float = 120.0, json_schema: str | None = None, stop: tuple[str, ...] = ()) -> Call:
    """A call for `turn`, or with that very prompt, whose deadline is `within_s` from now."""
    return Call(
        id=f"call-{next(NUMBER)}",
        prompt=turn if isinstance(turn, str) else turn.prompt(),
        deadline_s=asyncio.get_running_loop().time() + within_s,
        max_tokens=50,
        stop=stop,
        json_schema=json_schema,
    )


async def eventually(ask: Callable[[], Awaitable[Answer]], wanted: Callable[[Answer], bool]) -> Answer:
    """The first answer that is as wanted; TimeoutError when none is within a minute, for a busy machine."""
    async with asyncio.timeout(60):
        while not wanted(answer := await ask()):  # noqa: ASYNC110 (a server elsewhere has no event to wait for)
            await asyncio.sleep(0.01)
    return answer
