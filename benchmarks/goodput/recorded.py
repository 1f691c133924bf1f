"""Recorded: sessions of a recording, as often and as close to each other as a rate asks for. Pure and seeded.

Gaps within a session stay as they were; each session begins anew at a time by chance, as a shopper of its own.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from benchmarks.goodput.traffic import Arrivals
from penchant.offline.eval.run import read
from penchant.offline.whatif.arrivals import EPOCH_MS, Arrival
from streams.events.event import ShopperEvent
from streams.events.privacy import PrivacyRules

GAP_S = 1_800.0
"""A longer pause ends a session."""

BEFORE_S = 1_800.0
"""Sessions may have begun so long before."""

Sessions = Sequence[Sequence[tuple[float, ShopperEvent]]]
"""Of each session its events, with the seconds since its first."""


def sessions(file: Path) -> Sessions:
    """Those of a recording. SettingInvalid when it holds no event."""
    found: dict[str, list[list[ShopperEvent]]] = {}
    for event in sorted(read(file, PrivacyRules()), key=lambda event: event.time_ms):
        mine = found.setdefault(event.shopper_id, [])
        if not mine or event.time_ms - mine[-1][-1].time_ms > GAP_S * 1e3:
            mine.append([])
        mine[-1].append(event)
    each = (session for mine in found.values() for session in mine)
    return [[((event.time_ms - session[0].time_ms) / 1e3, event) for event in session] for session in each]


@dataclass(frozen=True)
class RecordedTraffic(Arrivals):
    """What happens at about `rate` events a second for `seconds`, and what came before."""

    sessions: Sessions
    rate: float
    seconds: float
    seed: int = 1

    def _made(self) -> Iterator[Arrival]:
        for offset, (at_s, event) in enumerate(sorted(self._visits(), key=lambda each: each[0])):
            yield Arrival(at_s, offset, replace(event, time_ms=EPOCH_MS + int(at_s * 1e3)))

    def _visits(self) -> Iterator[tuple[float, ShopperEvent]]:
        dice, span_s = random.Random(self.seed), BEFORE_S + self.seconds
        number = round(self.rate * span_s / fmean(map(len, self.sessions)))
        for shopper in range(number):
            begin_s = dice.uniform(-BEFORE_S, self.seconds)
            for after_s, event in dice.choice(self.sessions):
                if begin_s + after_s < self.seconds:
                    yield begin_s + after_s, replace(event, shopper_id=f"s{shopper}")
