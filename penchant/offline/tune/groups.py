"""Groups: the shoppers of a recording in equal parts, and the mean of a few of them. Pure."""

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


def reached(samples: Sequence[float], *, more: bool) -> float:
    """What other shoppers, as many as in all groups, reach in 39 of 40 cases, by two to eight groups: a prediction
    bound, below the mean where more is better and above it where less is."""
    count = len(samples)
    apart = STUDENT[count] * stdev(samples) * sqrt(1 / count + 1 / (SEARCHED + HELD_OUT))
    return fmean(samples) - apart if more else fmean(samples) + apart


def interval(samples: Sequence[float]) -> Interval:
    """Of two to eight samples."""
    mean, half = fmean(samples), STUDENT[len(samples)] * stdev(samples) / sqrt(len(samples))
    return Interval(round(mean, 4), round(mean - half, 4), round(mean + half, 4))
