"""Histogram: how often a value fell where, for quantiles over time that a monitoring system works out."""

import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple


class TracedValue(NamedTuple):
    """A value, the trace that it is of, and when it was counted, in epoch seconds."""

    value: float
    trace_id: str
    at_s: float


class Histogram:
    """Counts values, in seconds, by upper bound, and keeps the last traced one of each. One thread adds; any may
    read."""

    __slots__ = ("_counts", "_traced", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.total = 0.0
        self._counts = [0] * (len(self.bounds) + 1)
        self._traced: dict[float, TracedValue] = {}

    def add(self, value: float, times: int = 1, trace_id: str = "") -> None:
        """Count a value, of that trace if there is one."""
        at = bisect_left(self.bounds, value)
        self._counts[at] += times
        self.total += value * times
        if trace_id:
            bound = self.bounds[at] if at < len(self.bounds) else float("inf")
            self._traced[bound] = TracedValue(value, trace_id, time.time())

    def traced(self, bound: float) -> TracedValue | None:
        """The last traced value that is at most as large as this upper bound, and larger than the one before it."""
        return self._traced.get(bound)

    def cumulated(self) -> list[tuple[float, int]]:
        """Each upper bound, the last of them infinite, with how many values are at most as large."""
        counts, below = self._counts.copy(), 0
        cumulated = []
        for bound, count in zip((*self.bounds, float("inf")), counts, strict=True):
            below += count
            cumulated.append((bound, below))
        return cumulated
