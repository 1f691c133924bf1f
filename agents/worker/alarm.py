"""Alarm: wakes somebody at a time at the latest, where mostly something else does so before."""

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring`. One that is set already and rings earlier stays: so most sleeps set no timer, and stop none."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._rings_s = 0.0

    def within(self, seconds: float) -> None:
        """Ring once within so many seconds."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if self._timer is None or not now_s < self._rings_s <= now_s + seconds:
            self.stop()
            self._rings_s = now_s + seconds
            self._timer = loop.call_at(self._rings_s, self._rang)

    def _rang(self) -> None:
        self._timer = None  # not by the clock: a coarse one may ring before its time
        self._ring()

    def stop(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
