"""Groups: the shoppers of a recording in equal parts, and what a few of them say of all. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from penchant.offline.whatif.arrivals import Recording
from penchant.offline.whatif.parts import split

SEARCHED, HELD_OUT = 4, 4
"""Groups that settings are chosen on, and others that the choice is judged on."""

STUDENT = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36}
"""Quantiles of Student's t for a two-sided 95 % interval, by the number of samples."""


def groups(recording: Recording, seed: int) -> list[Recording]:
    """Of each shopper all events are in one group; which one follows from the seed."""
    return split(recording, SEARCHED + HELD_OUT, seed)


@dataclass(frozen=True, slots=True)
class Interval:
    """The mean, and bounds that hold the true one in 95 of 100 cases."""

    mean: float
    low: float
    high: float


def reached(samples: Sequence[float], *, more: bool, days: bool = False) -> float:
    """What other shoppers, as many as in all groups, reach in 39 of 40 cases, by two to eight groups, or `days` out of
    those that were held out: a prediction bound, below the mean where more is better and above it where less is."""
    unknown = _of_shoppers(len(samples), days=days) + 1 / (SEARCHED + HELD_OUT)
    apart = STUDENT[len(samples)] * stdev(samples) * sqrt(unknown)
    return fmean(samples) - apart if more else fmean(samples) + apart


APART = STUDENT[8] * sqrt(1 / 8 + 1 / HELD_OUT + 1 / (SEARCHED + HELD_OUT))
"""The same bound of eight days is so many times as far from the mean as groups are usually apart."""


def interval(samples: Sequence[float]) -> Interval:
    """Of two to eight days."""
    mean = fmean(samples)
    half = STUDENT[len(samples)] * stdev(samples) * sqrt(_of_shoppers(len(samples), days=True))
    return Interval(round(mean, 4), round(mean - half, 4), round(mean + half, 4))


def _of_shoppers(samples: int, *, days: bool) -> float:
    """How much chance is in the mean of these, where 1 is that of a group: days add to that of their shoppers."""
    return 1 / samples + (1 / HELD_OUT if days else 0.0)
