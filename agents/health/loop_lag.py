"""Loop lag: how late the event loop runs what is due. Ingest and calls share it, so this is what each costs the other.

A timer rings every `EVERY_S`. One that rings late was late for all who became due meanwhile: each beat that was missed
counts, with the lag that it would have seen. Otherwise a pause of a second would be one sample among a hundred.
"""

import asyncio
from collections import deque

from agents.health.histogram import Histogram
from agents.health.percentiles import percentiles

EVERY_S = 0.02
WINDOW = 3_000
"""Beats that percentiles are taken over: a minute."""

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class LoopLag:
    """Samples the lag of the loop that runs `run`. Times are seconds."""

    def __init__(self) -> None:
        self.histogram = Histogram(BOUNDS_S)
        self._latest: deque[float] = deque(maxlen=WINDOW)

    async def run(self) -> None:
        """Sample until cancelled."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + EVERY_S
        while True:
            await asyncio.sleep(due_s - loop.time())
            due_s = self.beat(due_s, loop.time())

    def beat(self, due_s: float, now_s: float) -> float:
        """Count the beat that was due, and those missed since; returns when the next is due."""
        missed = min(int((now_s - due_s) / EVERY_S), WINDOW)
        for beat in range(missed + 1):
            lag_s = max(now_s - due_s - beat * EVERY_S, 0.0)
            self.histogram.add(lag_s)
            self._latest.append(lag_s)
        return max(due_s + (missed + 1) * EVERY_S, now_s)

    def forget(self) -> None:
        """Take percentiles over what comes from now on."""
        self._latest.clear()

    def percentiles_ms(self) -> dict[str, float] | None:
        """p50, p99 and the maximum of the last minute, in milliseconds; None before the first beat."""
        return percentiles((lag_s * 1e3 for lag_s in self._latest), (50, 99, 100))
