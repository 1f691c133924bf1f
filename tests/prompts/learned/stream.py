"""A shop's stream for the tests of learned counts: sessions told as items, and what they teach."""

from collections.abc import Iterable, Sequence

from prompts.learned.counts import Day, Totals, day_of
from prompts.learned.lessons import lessons
from streams.events.event import Item, ShopperEvent
from streams.sessions.session import QUIET, Session, SessionRules, fold

START_MS = 1_699_920_000_000
"""The beginning of a day."""

DAY_MS = 86_400_000
MINUTE_MS = 60_000

Visit = tuple[str, int, Sequence[Item]]
"""A shopper, the start of the visit in epoch milliseconds, and what is looked at, a minute apart."""


def taught(visits: Iterable[Visit], days: dict[int, Day] | None = None) -> dict[int, Day]:
    """The days that visits teach."""
    days = {} if days is None else days
    for shopper, start_ms, items in visits:
        session = Session()
        for at, item in enumerate(items):
            time_ms = start_ms + at * MINUTE_MS
            event = ShopperEvent(f"{start_ms}-{at}", shopper, "view", time_ms, (item,))
            if fold(session, event, at, time_ms, SessionRules()) >= QUIET:
                number = day_of(time_ms)
                days.setdefault(number, Day(number)).teach(shopper, lessons(session))
    return days


def totals(days: dict[int, Day]) -> Totals:
    """All of them, in their order."""
    found = Totals()
    for number in sorted(days):
        found = found.after(days[number])
    return found


def crowd(name: str, size: int, items: Sequence[Item], day: int = 0) -> list[Visit]:
    """As many shoppers, each with the same visit."""
    return [(f"{name}-{number}", START_MS + day * DAY_MS, items) for number in range(size)]
