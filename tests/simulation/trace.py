"""Trace: what happened in a run, in lines that a person can follow. Costs nothing while it is off."""

from sandbox.clock import Clock


class Trace:
    """Collects lines while it is on."""

    def __init__(self, clock: Clock, *, on: bool) -> None:
        self.on = on
        self.lines: list[str] = []
        self._clock = clock

    def say(self, who: str, what: str) -> None:
        """One line. Whoever builds costly text asks `on` first."""
        if self.on:
            self.lines.append(f"{self._clock.now_s:9.4f}  {who:<9} {what}")
