"""Turns: how long the event loop's turns are, and how late they make what is due, both in processor time.

A turn that another process interrupts is no longer by this clock. It stands still while the loop sleeps, so that only
what keeps the loop busy counts: a quiet loop has no beats.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from agents.health.percentiles import percentiles

EVERY_S = 0.01
"""How often the timer rings whose lag is measured."""

BUSY_S, REST_S = 0.0002, 0.001
"""After a turn that took less the next look waits for a moment: to take part in every turn would cost a core."""


class TurnFigures(NamedTuple):
    """Milliseconds: the lag of a timer that rings every ten, and the longest turn; how many beats there were."""

    lag_ms: dict[str, float]
    longest_ms: float
    beats: int


class TurnMeter:
    """Measures the turns of the loop that runs `run`."""

    def __init__(self, cpu_s: Callable[[], float] = time.thread_time) -> None:
        self._cpu_s = cpu_s
        self._lags_s: list[float] = []
        self._longest_s = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        began_s = now_s = self._cpu_s()
        due_s = now_s + EVERY_S
        while True:
            await asyncio.sleep(0 if now_s - began_s > BUSY_S else REST_S)
            began_s, now_s = now_s, self._cpu_s()
            due_s = self.turn(began_s, now_s, due_s)

    def turn(self, began_s: float, now_s: float, due_s: float) -> float:
        """Count a turn, and the beats that became due in it; returns when the next one is."""
        self._longest_s = max(self._longest_s, now_s - began_s)
        while due_s <= now_s:
            self._lags_s.append(now_s - due_s)
            due_s += EVERY_S
        return due_s

    def take(self) -> TurnFigures:
        """Those since the last call."""
        lag_ms = percentiles((lag_s * 1e3 for lag_s in self._lags_s), (50, 99, 100))
        figures = TurnFigures(lag_ms or {}, round(self._longest_s * 1e3, 1), len(self._lags_s))
        self._lags_s, self._longest_s = [], 0.0
        return figures
