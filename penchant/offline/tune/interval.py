"""Interval: a mean of a few groups, and where the true one lies. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

STUDENT = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36}
"""Quantiles of Student's t for a two-sided 95 % interval, by the number of samples."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The mean, and bounds that hold the true one in 95 of 100 cases."""

    mean: float
    low: float
    high: float


def interval(samples: Sequence[float]) -> Interval:
    """Of two to eight samples."""
    mean, half = fmean(samples), STUDENT[len(samples)] * stdev(samples) / sqrt(len(samples))
    return Interval(round(mean, 4), round(mean - half, 4), round(mean + half, 4))
