"""Forecast: how many calls a fleet will make, from what it made in the last fortnight. A slot is five minutes.

The median of the same time of day and week, times how the last hour stood to its own: no model, and nothing to train.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from storage.fleet import FleetStore

SLOT_S = 300
DAY = 86_400 // SLOT_S
WEEK = 7 * DAY
KEPT = 14 * DAY
"""How many slots are remembered."""

RECENT = 12
"""The last hour, by which what is usual is scaled."""

MOST_RATIO = 4.0
"""What the last hour may tell: beyond that it is a flash sale, or an outage, and no rule for the rest of the day."""

AHEAD = 3
"""A quarter of an hour: about what it takes to add a GPU."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls a second: in the last full slot, a quarter of an hour ahead, and at the next day's peak, which begins at
    `peak_at_s` (epoch)."""

    now: float
    ahead: float
    peak: float
    peak_at_s: int


def slot_of(at_s: float) -> int:
    """The slot that a time (epoch) is in."""
    return int(at_s // SLOT_S)


def forecast(history: Mapping[int, int], slot: int) -> Forecast | None:
    """From counts by slot, all before `slot`, which has just begun; None where nothing is known."""
    if not any(each < slot for each in history):
        return None
    coming = [expected(history, slot, ahead) for ahead in range(DAY)]
    highest = max(range(DAY), key=coming.__getitem__)
    now, ahead, peak = (
        round(count / SLOT_S, 3) for count in (history.get(slot - 1, 0), coming[AHEAD], coming[highest])
    )
    return Forecast(now, ahead, peak, peak_at_s=(slot + highest) * SLOT_S)


def expected(history: Mapping[int, int], slot: int, ahead: int) -> float:
    """How many there will be in the slot that is so many after this one."""
    first = min(history)
    recent = [each for each in range(slot - RECENT, slot) if each >= first]
    made = sum(history.get(each, 0) for each in recent)
    usual = usually(history, first, slot + ahead, slot)
    then = [usually(history, first, each, each) for each in recent]
    known = [each for each in then if each is not None]
    if usual is None or len(known) < len(then) or not sum(known):
        return made / max(len(recent), 1)  # of a young topic: as it is now
    return usual * min(max(made / sum(known), 1 / MOST_RATIO), MOST_RATIO)


def usually(history: Mapping[int, int], first: int, slot: int, before: int) -> float | None:
    """The median of the same time on the same weekday, else on the days before; None where that is not remembered.

    Slots beside it count too: one is too few to be sure of.
    """
    for places in ((slot - WEEK, slot - 2 * WEEK), tuple(slot - DAY * days for days in range(1, 7))):
        beside = [each for place in places for each in (place - 1, place, place + 1)]
        counts = [history.get(each, 0) for each in beside if first <= each < before]
        if len(counts) > len(places):
            return median(counts)
    return None


class Demand:
    """One for a worker. It adds its own calls to all workers' once in five minutes, and forecasts from the sum; what it
    counted while it cannot be added, or since then when it ends, is added later, or lost.

    `calls` says how many it has begun since its start.
    """

    def __init__(self, calls: Callable[[], int]) -> None:
        self._calls = calls
        self._slot: int | None = None
        self._added = 0
        self.forecast: Forecast | None = None

    async def note(self, store: FleetStore, at_s: float) -> None:
        """It is now `at_s` (epoch) by the store's clock. Raises StoreUnavailable."""
        slot = slot_of(at_s)
        if slot == self._slot:
            return
        made = self._calls()
        history = await store.demand(slot if self._slot is None else self._slot, made - self._added, slot - KEPT)
        self._slot, self._added = slot, made
        self.forecast = forecast(history, slot)
