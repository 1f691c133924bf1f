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
LAST = 128
"""Rates are tried in steps of 5 %, up to 515 times the least."""

STRIDE = 16

Try = Callable[[Trial], Awaitable[dict[str, Any]]]


async def just_holds(trial: Trial, attempt: Try, seeds: Sequence[int] = (1,), least: float = 1.0) -> float | None:
    """Events a second, over all seeds together, found by bisection from `least` on; None when not even that is held."""
    first = 0
    while first < LAST and await _holds(trial, _rate(least, first), attempt, seeds):  # a rate too high takes long
        first += STRIDE
    low, high = first - STRIDE, first
    if first == 0:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if await _holds(trial, _rate(least, middle), attempt, seeds) else (low, middle)
    return _rate(least, low)


async def _holds(trial: Trial, rate: float, attempt: Try, seeds: Sequence[int]) -> bool:
    tried = (attempt(replace(trial, rate=rate, seed=seed)) for seed in seeds)
    return fmean(figures["fresh_share"] for figures in await asyncio.gather(*tried)) >= LEAST_SHARE


def _rate(least: float, steps: int) -> float:
    return round(least * STEP**steps, 2)
