"""Scores: the textbook measures of guesses and probabilities, weighted. Pure.

Weights are how often each case counts; a bootstrap draws them, so each function takes many rows of weights at once:
arrays of cases have shape (cases,), weights (draws, cases), results (draws,).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FLOOR = 1e-4
"""No probability is taken for less, so that one surprise does not decide a mean."""

BINS = 10
MISS = 10.0
"""What a band pays for each unit of distance to what it missed: 2 / 0.2, for bands that are to hold 80 %
(the interval score of Gneiting and Raftery 2007)."""


def reciprocal_rank(names: Sequence[str], right: str) -> float:
    """One over the place of the right one in the list; 0 where it is not in it."""
    return 1 / (names.index(right) + 1) if right in names else 0.0


def log_loss(probability: float, *, happened: bool) -> float:
    """The surprise in nats."""
    return -math.log(min(max(probability if happened else 1 - probability, FLOOR), 1.0))


def brier(probability: float, *, happened: bool) -> float:
    """The squared error."""
    return (probability - happened) ** 2


def width(low: float, high: float) -> float:
    """How wide a price band is, in doublings: 1 from 50 to 100."""
    return math.log2(_above_zero(high) / _above_zero(low))


def interval_score(low: float, high: float, price: float) -> float:
    """The width of a band, and what it pays for missing the price, in doublings. Lower is better, and honest bands
    are the best."""
    return width(low, high) + MISS * (max(width(price, low), 0.0) + max(width(high, price), 0.0))


def auc(probabilities: Floats, happened: Floats, weights: Floats) -> Floats:
    """How often one that happened was given more than one that did not; ties count half. Not a number where all, or
    none, happened."""
    order = np.argsort(probabilities, kind="stable")
    ordered = probabilities[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=np.nan) != 0)
    yes = np.add.reduceat((weights * happened)[:, order], starts, axis=1)
    no = np.add.reduceat((weights * (1 - happened))[:, order], starts, axis=1)
    below = np.cumsum(no, axis=1) - no / 2
    with np.errstate(invalid="ignore"):
        return np.asarray((yes * below).sum(axis=1) / (yes.sum(axis=1) * no.sum(axis=1)))


def calibration_error(probabilities: Floats, happened: Floats, weights: Floats) -> Floats:
    """ECE: how far, in ten bins of equal width, what was said is from what happened, on average."""
    gaps = sum(abs(_bins(weights * (probabilities - happened), probabilities)))
    return np.asarray(gaps / weights.sum(axis=1))


def reliability(probabilities: Floats, happened: Floats) -> list[tuple[float, float, int]]:
    """The bins that hold anything: what was said on average, the share that happened, and how many there were."""
    columns = np.stack([probabilities, happened, np.ones_like(happened)])
    return [
        (float(said / many), float(came / many), int(many))
        for said, came, many in _bins(columns, probabilities)
        if many
    ]


def _bins(values: Floats, probabilities: Floats) -> Floats:
    """Sums of columns by the bin of their probability: shape (BINS, rows)."""
    number = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return np.stack([values[:, number == bin_].sum(axis=1) for bin_ in range(BINS)])


def _above_zero(price: float) -> float:
    return max(price, 0.01)
