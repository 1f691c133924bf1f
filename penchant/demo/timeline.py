"""Timeline: what the demonstration plays: a recording in the order of time, or simulated shoppers."""

from collections.abc import Generator
from itertools import islice

from penchant.demo.stage import DemoPlan
from sandbox.shop.shoppers import ShopperTraffic
from sandbox.shop.timeline import Timed, timed
from streams.errors import SettingInvalid
from streams.events.event import ShopperEvent
from streams.events.formats.rows import BadRow
from streams.events.recording import recording

SHOPPERS, RATE = 200, 100.0
"""Of a plan that names none: simulated shoppers, and their events a second."""

SLOWER = 0.05
"""How much less than that shoppers do who go on browsing: it is to take little of a machine that nobody looks at."""

MOST_ROWS = 500_000
"""Rows of a file that are played at the most: they are put in order in memory. `penchant simulate traffic` has no such
bound."""

FILLED = 0.9
"""The share of the time given that a recording is fitted into, so that its end is seen."""


def timeline(plan: DemoPlan) -> tuple[Generator[Timed], float]:
    """What to play, and how many times faster than it was recorded. Reads a file: call it in a thread."""
    if plan.events is None:
        return ShopperTraffic(plan.seed, plan.shoppers or SHOPPERS, plan.rate or RATE).events(), plan.speed or 1.0
    rows = _in_order(list(islice(recording(plan.events), MOST_ROWS)))
    speed = plan.speed or _fitting(rows, plan.seconds)
    return timed(rows, speed), speed


def browsing(plan: DemoPlan) -> Generator[Timed]:
    """What comes afterwards, without end: other simulated shoppers, a twentieth as many events a second."""
    return ShopperTraffic(plan.seed + 1, plan.shoppers or SHOPPERS, (plan.rate or RATE) * SLOWER).events()


def _in_order(rows: list[ShopperEvent | BadRow]) -> list[ShopperEvent | BadRow]:
    """By event time; a bad row stays behind the event that it stood behind."""
    last_ms = 0
    keyed = []
    for row in rows:
        last_ms = row.time_ms if isinstance(row, ShopperEvent) else last_ms
        keyed.append((last_ms, row))
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


def _fitting(rows: list[ShopperEvent | BadRow], seconds: float) -> float:
    times = [row.time_ms for row in rows if isinstance(row, ShopperEvent)]
    if not times:
        raise SettingInvalid("the file holds no event that could be played", "look at its rows; see docs/events.md")
    return max((times[-1] - times[0]) / 1e3 / (seconds * FILLED), 1.0)
