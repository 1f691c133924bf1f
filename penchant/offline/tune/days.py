"""Days: other days of the same traffic, by chance, out of the shoppers of a recording. Pure and seeded."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from penchant.offline.whatif.arrivals import Arrival, Recording

LATER = 0.05
"""By which part of the recording's time a shopper may come later: others are there at once then, at about the same
hour."""

Visits = Sequence[Sequence[Arrival]]
"""Of each shopper all events."""


def other_days(parts: Sequence[Recording], number: int, seed: int) -> list[Recording]:
    """So many, each of as many shoppers as a part has. Every shopper is drawn out of all parts: some come twice and
    some never, as on another day, when others come who are like them."""
    shoppers = _shoppers(parts)
    return [_day(shoppers, parts, random.Random(f"{seed} {day}")) for day in range(number)]


def _shoppers(parts: Sequence[Recording]) -> Visits:
    found: dict[str, list[Arrival]] = {}
    for part in parts:
        for arrival in part.arrivals:
            found.setdefault(arrival.shopper, []).append(arrival)
    return list(found.values())


def _day(shoppers: Visits, parts: Sequence[Recording], dice: random.Random) -> Recording:
    drawn = dice.choices(shoppers, k=max(len(shoppers) // len(parts), 1))
    most_s = LATER * max(part.seconds for part in parts)
    arrivals = [each for name, visit in enumerate(drawn) for each in _again(visit, str(name), most_s, dice)]
    arrivals.sort(key=lambda each: each.at_s)
    return replace(parts[0], arrivals=[replace(each, offset=offset) for offset, each in enumerate(arrivals)])


def _again(visit: Sequence[Arrival], shopper: str, most_s: float, dice: random.Random) -> Iterator[Arrival]:
    """Somebody does all that again, a little later."""
    later_ms = int(dice.uniform(0.0, most_s) * 1e3)
    for each in visit:
        event = replace(each.event, shopper_id=shopper, time_ms=each.event.time_ms + later_ms)
        yield replace(each, at_s=each.at_s + later_ms / 1e3, event=event)
