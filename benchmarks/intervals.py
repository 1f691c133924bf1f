"""Intervals: what the rounds of a benchmark say, and how sure they are. Pure.

Rates and ratios are averaged as logarithms: a round that takes twice as long weighs as much as one that takes half.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""Quantiles of Student's t for a two-sided 95 % interval, by degrees of freedom from 1."""

NORMAL = 1.96


@dataclass(frozen=True, slots=True)
class Interval:
    """A middle, and where the true value lies with 95 % confidence; one round has no interval."""

    middle: float
    low: float | None = None
    high: float | None = None

    @property
    def bounds(self) -> list[float] | None:
        """As reports show it."""
        return None if self.low is None or self.high is None else [round_off(self.low), round_off(self.high)]


def interval(samples: Sequence[float]) -> Interval:
    """Of at least one sample, all above zero: their geometric mean."""
    logs = [math.log(sample) for sample in samples]
    middle = fmean(logs)
    if len(logs) < 2:
        return Interval(math.exp(middle))
    quantile = STUDENT[len(logs) - 2] if len(logs) - 2 < len(STUDENT) else NORMAL
    half = quantile * stdev(logs) / math.sqrt(len(logs))
    return Interval(math.exp(middle), math.exp(middle - half), math.exp(middle + half))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """How many times theirs ours is. Samples of the same round belong together, so what slows both cancels out."""
    return interval([one / other for one, other in zip(ours, theirs, strict=True)])


def round_off(value: float) -> float:
    """Three digits, which is more than any benchmark can mean."""
    if not value:
        return 0.0
    return round(value, 2 - math.floor(math.log10(abs(value))))
