"""Limits: the highest rate that a system just holds."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from penchant.bench.goodput.trial import Trial

LEAST_SHARE = 0.95
"""A system holds a load when so many of the meaningful events have a fresh intent."""

STEP = 1.05
FIRST, LAST = 0, 128
"""Rates are tried in steps of 5 %, from 1 to 515 events a second."""

Try = Callable[[Trial], Awaitable[dict[str, Any]]]


async def just_holds(trial: Trial, attempt: Try) -> float | None:
    """Events a second, found by bisection; None when it does not even hold the lowest rate."""
    first = FIRST
    while first < LAST and await _holds(trial, first, attempt):  # from below: a rate that is too high takes long to try
        first += 16
    low, high = first - 16, min(first, LAST)
    if low < FIRST:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if await _holds(trial, middle, attempt) else (low, middle)
    return _rate(low)


async def _holds(trial: Trial, number: int, attempt: Try) -> bool:
    figures = await attempt(replace(trial, rate=_rate(number)))
    return bool(figures["fresh_share"] >= LEAST_SHARE)


def _rate(number: int) -> float:
    return round(STEP**number, 2)
