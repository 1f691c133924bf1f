"""Outcomes: what a shopper did within a set time after a request, by the events of the topic. Pure.

Nothing that came before the request counts. Where the time is not over yet, or the topic no longer holds all of it,
nothing is said: a row without a click and a row of which nobody knows are not the same.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.experiments.lift import CONVERSIONS, CONVERTS, Conversion
from agents.experiments.value import worth
from streams.events.event import Item, ShopperEvent

UNTIL, VALUE = "penchant_outcome_until", "penchant_value"
OUTCOME_COLUMNS = (UNTIL, *(f"penchant_{each}" for each in CONVERSIONS), VALUE)
"""What is added to a request's columns: the end of its time in epoch milliseconds, and the outcomes by then."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns of shopper and time, that of a product where only that one counts, how long what follows a request
    counts, and the currency of `penchant_value`; None: no value is said."""

    shopper: str
    time: str
    within_ms: int
    product: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Done:
    """Something that a shopper did."""

    at_ms: int
    event_id: str
    what: Conversion = field(compare=False)
    items: tuple[Item, ...] = field(compare=False)


@dataclass(slots=True)
class Known:
    """The span of time of which the topic tells all, in epoch milliseconds, and the shoppers of whom it tells nothing.
    Requests outside of it have no outcome."""

    from_ms: int = 0
    until_ms: int = 0
    gone: frozenset[str] = frozenset()


class Afterwards:
    """What the shoppers of some requests did after them. It holds what lies in the time of a request, and nothing of
    anybody else."""

    def __init__(self, requests: Iterable[Mapping[str, Any]], wanted: Wanted) -> None:
        self._wanted, self._asked, self._done = wanted, dict[str, list[int]](), dict[str, list[Done]]()
        for row in requests:
            insort(self._asked.setdefault(str(row[wanted.shopper]), []), int(row[wanted.time]))

    @property
    def first_ms(self) -> int:
        """The time of the first request."""
        return min((times[0] for times in self._asked.values()), default=0)

    def add(self, event: ShopperEvent, at_ms: int) -> None:
        """An event, and its time. One that is told twice counts once."""
        what, times = CONVERTS.get(event.action), self._asked.get(event.shopper_id)
        if what is None or times is None:
            return
        before = bisect_right(times, at_ms - 1)
        if not before or at_ms - times[before - 1] > self._wanted.within_ms:
            return
        held, done = self._done.setdefault(event.shopper_id, []), Done(at_ms, event.event_id, what, event.items)
        if done not in held:
            insort(held, done)

    def columns(self, row: Mapping[str, Any], known: Known) -> dict[str, Any]:
        """One request's columns, all of them always; the end of its time is named also where nothing is known yet."""
        wanted, shopper, at_ms = self._wanted, str(row[self._wanted.shopper]), int(row[self._wanted.time])
        until_ms = at_ms + wanted.within_ms
        columns: dict[str, Any] = dict.fromkeys(OUTCOME_COLUMNS) | {UNTIL: until_ms}
        if shopper in known.gone or at_ms < known.from_ms or until_ms > known.until_ms:
            return columns
        product = None if wanted.product is None else str(row.get(wanted.product))
        within = [each for each in self._done.get(shopper, ()) if at_ms < each.at_ms <= until_ms]
        mine = [(each.what, _of(each.items, product)) for each in within]
        happened = {what for what, items in mine if product is None or items}
        columns |= {f"penchant_{each}": each in happened for each in CONVERSIONS}
        if wanted.currency is not None:
            columns[VALUE] = sum(worth(items, wanted.currency) for what, items in mine if what == "purchased")
        return columns


def _of(items: Iterable[Item], product: str | None) -> list[Item]:
    return [each for each in items if product is None or each.id == product]
