"""Rules first: the rules' intent is shown while a slow model is still at its answer, and the answer replaces it.

It is written at the position of the running call, never later: an answer below what is shown would be refused, and
never be seen. Nothing is covered by it: the call's ticket stays open, so that a worker that dies owes the call again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import NamedTuple, TypeVar

from storage.intents import heaviest
from streams.records.intents import Intent

T = TypeVar("T")

SHARE = 0.2
"""How many such writes there may be a call, over a run: at most 1.2 writes a call in all."""

YOUNG_S = 60.0
"""A model's intent that is younger is left standing, unless the shopper has turned to something else."""


class Shown(NamedTuple):
    """A model's intent that is shown: when it was written, of which session, and what it says."""

    at_s: float
    session_from_ms: int
    news: tuple[str, ...]


def shown(intent: Intent, now_s: float) -> Shown | None:
    """What to remember of an intent that was written; None of the rules'."""
    if intent.source != "model":
        return None
    return Shown(now_s, intent.window.from_ms, _news(intent))


def tells_news(rules_intent: Intent, last: Shown | None, now_s: float) -> bool:
    """Whether the rules' intent says what no young intent of a model, for this session, says already."""
    if last is None or now_s >= last.at_s + YOUNG_S or last.session_from_ms != rules_intent.window.from_ms:
        return True
    return _news(rules_intent) != last.news


async def answered(
    ask: Callable[[], Awaitable[T]], soft_deadline_s: float, show: Callable[[], Coroutine[None, None, None]]
) -> T:
    """What a call comes to; `show` begins beside it if it still runs at the soft deadline, and has ended before this
    does. Whatever ends this, ends both; what `show` raises, is raised when the call has ended."""
    loop, showing = asyncio.get_running_loop(), list[asyncio.Task[None]]()
    soft_deadline = loop.call_later(soft_deadline_s, lambda: showing.append(loop.create_task(show())))
    try:
        return await ask()
    except asyncio.CancelledError:
        soft_deadline.cancel()
        for task in showing:
            task.cancel()
        await asyncio.gather(*showing, return_exceptions=True)  # whatever `show` raises, this is cancelled
        showing.clear()
        raise
    finally:
        soft_deadline.cancel()
        for task in showing:
            await task


def _news(intent: Intent) -> tuple[str, ...]:
    """What tells so. The price band moves with every look, and the mission is the model's to name."""
    return intent.stage, heaviest(intent.categories), heaviest(intent.brands)
