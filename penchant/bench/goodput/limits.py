"""Limits: the highest rate that a system just holds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from penchant.bench.goodput.trial import Trial

LEAST_SHARE = 0.95
"""A system holds a load when so many of the meaningful events have a fresh intent."""

STEP = 1.05
FIRST, LAST = 0, 128
"""Rates are tried in steps of 5 %, from 1 to 515 events a second."""

Try = Callable[[Trial], Awaitable[dict[str, Any]]]


async def just_holds(trial: Trial, attempt: Try, seeds: Sequence[int] = (1,)) -> float | None:
    """Events a second, over all seeds together, found by bisection; None when it does not even hold the lowest rate."""
    first = FIRST
    while first < LAST and await _holds(
        trial, first, attempt, seeds
    ):  # from below: a rate that is too high takes long to try
        first += 16
    low, high = first - 16, min(first, LAST)
    if low < FIRST:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if await _holds(trial, middle, attempt, seeds) else (low, middle)
    return _rate(low)


async def _holds(trial: Trial, number: int, attempt: Try, seeds: Sequence[int]) -> bool:
    tried = (attempt(replace(trial, rate=_rate(number), seed=seed)) for seed in seeds)
    return fmean(figures["fresh_share"] for figures in await asyncio.gather(*tried)) >= LEAST_SHARE


def _rate(number: int) -> float:
    return round(STEP**number, 2)
