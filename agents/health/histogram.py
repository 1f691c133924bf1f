"""Histogram: how often a value fell where, for quantiles over time that a monitoring system works out."""

from bisect import bisect_left
from collections.abc import Sequence


class Histogram:
    """Counts values, in seconds, by upper bound. One thread adds; any may read."""

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.total = 0.0
        self._counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float, times: int = 1) -> None:
        """Count a value."""
        self._counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def cumulated(self) -> list[tuple[float, int]]:
        """Each upper bound, the last of them infinite, with how many values are at most as large."""
        counts, below = self._counts.copy(), 0
        cumulated = []
        for bound, count in zip((*self.bounds, float("inf")), counts, strict=True):
            below += count
            cumulated.append((bound, below))
        return cumulated
