"""Freshness: how long after each meaningful event an intent that includes it could be read. Pure."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from penchant.bench.goodput.traffic import Arrival

WITHIN_S = 5.0
"""An intent is fresh if it can be read so soon after the event."""


@dataclass(slots=True)
class Freshness:
    """Events between `from_s` and `until_s` are measured; one without an intent at the end counts as never."""

    from_s: float
    until_s: float
    delays_s: list[float] = field(default_factory=list)
    urgent_s: list[float] = field(default_factory=list)
    intents: int = 0
    _open: dict[str, deque[Arrival]] = field(default_factory=dict)

    def arrived(self, arrival: Arrival) -> None:
        """An event has happened."""
        if arrival.meaningful and self.from_s <= arrival.at_s < self.until_s:
            self._open.setdefault(arrival.shopper, deque()).append(arrival)

    def readable(self, shopper: str, offset: int, now_s: float) -> None:
        """An intent that includes all of the shopper's events up to that offset can be read from now on."""
        self.intents += self.from_s <= now_s < self.until_s
        waiting = self._open.get(shopper)
        while waiting and waiting[0].offset <= offset:
            self._note(waiting.popleft(), now_s)

    def close(self) -> None:
        """Nothing follows."""
        for waiting in self._open.values():
            for arrival in waiting:
                self._note(arrival, math.inf)
        self._open.clear()

    def figures(self) -> dict[str, Any]:
        """Shares within the time and percentiles in seconds; None for one that was never reached."""
        return {
            "events": len(self.delays_s),
            "urgent_events": len(self.urgent_s),
            "intents": self.intents,
            "fresh": sum(delay <= WITHIN_S for delay in self.delays_s),
            "fresh_share": _share(self.delays_s),
            "urgent_fresh_share": _share(self.urgent_s),
            "freshness_s": _percentiles(self.delays_s),
            "urgent_freshness_s": _percentiles(self.urgent_s),
        }

    def _note(self, arrival: Arrival, now_s: float) -> None:
        self.delays_s.append(now_s - arrival.at_s)
        if arrival.urgent:
            self.urgent_s.append(now_s - arrival.at_s)


def _share(delays_s: Sequence[float]) -> float:
    return round(sum(delay <= WITHIN_S for delay in delays_s) / max(len(delays_s), 1), 4)


def _percentiles(delays_s: Sequence[float]) -> dict[str, float | None]:
    ordered = sorted(delays_s) or [math.inf]
    found = {f"p{share}": ordered[round((len(ordered) - 1) * share / 100)] for share in (50, 95, 99)}
    return {name: round(value, 3) if math.isfinite(value) else None for name, value in found.items()}
