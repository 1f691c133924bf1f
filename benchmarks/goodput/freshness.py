"""Freshness: how long after each meaningful event an intent that includes it could be read. Pure."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agents.health import percentiles as health
from penchant.offline.whatif.arrivals import Arrival

WITHIN_S = 5.0
"""An intent is fresh if it can be read so soon after the event."""


class Sample(NamedTuple):
    """An event, and how long after it an intent that includes it could be read; infinite: never."""

    at_s: float
    delay_s: float
    urgent: bool


@dataclass(slots=True)
class Freshness:
    """Events between `from_s` and `until_s` are measured; one without an intent at the end counts as never."""

    from_s: float
    until_s: float
    samples: list[Sample] = field(default_factory=list)
    intents: int = 0
    followed: int = 0
    in_time: int = 0
    _open: dict[str, deque[Arrival]] = field(default_factory=dict)
    _last: dict[str, Arrival | None] = field(default_factory=dict)
    _covered: dict[str, int] = field(default_factory=dict)

    def arrived(self, arrival: Arrival) -> None:
        """An event has happened. The one before it was in time if its intent can be read by now."""
        if waiting := self._last.get(arrival.shopper):
            self.followed += 1
            self.in_time += waiting.offset <= self._covered.get(arrival.shopper, -1)
        measured = arrival.meaningful and self.from_s <= arrival.at_s < self.until_s
        self._last[arrival.shopper] = arrival if measured else None
        if measured:
            self._open.setdefault(arrival.shopper, deque()).append(arrival)

    def readable(self, shopper: str, offset: int, now_s: float) -> None:
        """An intent that includes all of the shopper's events up to that offset can be read from now on."""
        self.intents += self.from_s <= now_s < self.until_s
        self._covered[shopper] = max(offset, self._covered.get(shopper, -1))
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
        delays_s = [sample.delay_s for sample in self.samples]
        urgent_s = [sample.delay_s for sample in self.samples if sample.urgent]
        return {
            "events": len(delays_s),
            "urgent_events": len(urgent_s),
            "intents": self.intents,
            "fresh": sum(delay <= WITHIN_S for delay in delays_s),
            "fresh_share": _share(delays_s),
            "urgent_fresh_share": _share(urgent_s),
            "in_time_for_next": round(self.in_time / self.followed, 4) if self.followed else None,
            "freshness_s": percentiles(delays_s),
            "urgent_freshness_s": percentiles(urgent_s),
        }

    def _note(self, arrival: Arrival, now_s: float) -> None:
        self.samples.append(Sample(arrival.at_s, now_s - arrival.at_s, arrival.urgent))


def _share(delays_s: Sequence[float]) -> float:
    return round(sum(delay <= WITHIN_S for delay in delays_s) / max(len(delays_s), 1), 4)


def percentiles(delays_s: Sequence[float]) -> dict[str, float | None]:
    """In seconds; None for one that was never reached."""
    seen = health.percentiles(delays_s or [math.inf], digits=3) or {}
    return {name: value if math.isfinite(value) else None for name, value in seen.items()}
