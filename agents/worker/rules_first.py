"""Rules first: the rules' intent is shown while a slow model is still at its answer, and the answer replaces it.

It is written at the position of the running call, never later: an answer below what is shown would be refused, and
never be seen. Nothing is covered by it: the call's ticket stays open, so that a worker that dies owes the call again.
"""

import asyncio
from typing import NamedTuple

from storage.intents import hot_fields
from streams.records.intents import Intent

SHARE = 0.2
"""How many such writes there may be a call, over a run: at most 1.2 writes a call in all."""

YOUNG_S = 60.0
"""A model's intent that is younger is left standing, unless the shopper has turned to something else."""

NEWS = ("stage", "category", "brand")
"""The hot fields that tell so. The price band moves with every look, and the mission is the model's to name."""


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


async def soft_deadline(asking: "asyncio.Task[object]", within_s: float) -> bool:
    """Wait for a call, at most so long; whether it still runs then. Its failure is for whoever awaits it."""
    await asyncio.wait([asking], timeout=within_s)
    return not asking.done()


async def ended(asking: "asyncio.Task[object]") -> None:
    """See a call to its end, which nobody waits for any more when it has not come."""
    if not asking.done():
        asking.cancel()
        await asyncio.wait([asking])
    if not asking.cancelled():
        asking.exception()  # whoever awaited it has heard of it


def _news(intent: Intent) -> tuple[str, ...]:
    fields = hot_fields(intent)
    return tuple(fields[name] for name in NEWS)
