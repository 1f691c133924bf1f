"""Limits: the highest rate that a system just holds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from math import ceil, log
from statistics import fmean
from typing import Any

from benchmarks.goodput.trial import Trial

LEAST_SHARE = 0.95
"""A system holds a load when so many of the meaningful events have a fresh intent."""

STEP = 1.05
STRIDE = 16
"""Rates are tried in steps of 5 %, at first in leaps of 118 %."""

Try = Callable[[Trial], Awaitable[dict[str, Any]]]


async def just_holds(
    trial: Trial, attempt: Try, seeds: Sequence[int] = (1,), least: float = 0.25, most: float | None = None
) -> float | None:
    """Events a second, over all seeds together, found by bisection from `least` on; None when not even that is held.
    With `most`, which is not held, `least` is not tried."""
    low, high = 0, 0 if most is None else ceil(log(most / least) / log(STEP))
    while most is None and await _holds(trial, _rate(least, high), attempt, seeds):  # a rate too high takes long
        low, high = high, high + STRIDE
    if high == 0:
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
