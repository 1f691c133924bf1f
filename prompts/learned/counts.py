"""Counts: how many shoppers taught a pair of key and name on a day, and how much that still weighs.

Each shopper has one of 256 places under a key. A name is counted once for each place, a figure (a share, a price) only
by the first shopper of a place. So a shopper adds at most one to a pair in a day, a pair gains at most 256 in a day
however many ids teach it, to count an event twice changes nothing, and who taught is not kept: a place is that of many.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from prompts.learned.lessons import FIGURES, Lesson, Table, gaps, lessons
from streams.sessions.session import Session

PLACES = 256
"""The most that a pair gains in a day."""

DAY_MS = 86_400_000
HALF_LIFE_DAYS = 14
HELD = 2
"""Days before today that are held."""

MOST_PAIRS = 100_000
"""The most pairs that a day holds, about 25 MB."""

_SPREAD = 0x9E3779B1  # an odd factor that mixes low bits into high ones
_LEAST = 1.0  # a pair that weighs less is forgotten

Pairs = dict[Lesson, int]
"""The places that were seen of each pair, as bits."""


class Day:
    """What shoppers taught on one day of event time. To merge a day again changes nothing.

    A new pair is turned away while the day has `most` of them, and counted.
    """

    __slots__ = ("_taken", "most", "number", "pairs", "turned_away")

    def __init__(self, number: int, most: int = MOST_PAIRS) -> None:
        self.number, self.most = number, most
        self.pairs: Pairs = {}
        self.turned_away = 0
        self._taken: dict[tuple[Table, str], int] = {}

    def teach(self, shopper: str, lessons: Iterable[Lesson]) -> None:
        """Count a shopper's lessons."""
        number = crc32(shopper.encode())
        for lesson in lessons:
            self.add(lesson, 1 << ((number ^ _salt(lesson.table, lesson.key)) * _SPREAD >> 16) % PLACES)

    def merge(self, other: "Day") -> None:
        """Count what another part of the stream taught on the same day."""
        for lesson, places in other.pairs.items():
            self.add(lesson, places)
        self.turned_away += other.turned_away

    def thin(self) -> None:
        """Forget what one shopper alone taught, where there is little room left."""
        if len(self.pairs) > self.most // 2:
            self.pairs = {lesson: places for lesson, places in self.pairs.items() if places.bit_count() > 1}

    def add(self, lesson: Lesson, places: int) -> None:
        """Count the places of a lesson."""
        old = self.pairs.get(lesson, 0)
        if not places & ~old:
            return
        if not old and len(self.pairs) >= self.most:
            self.turned_away += 1
            return
        if lesson.table in FIGURES:
            key = lesson.table, lesson.key
            taken = self._taken.get(key, 0)
            places &= ~taken
            self._taken[key] = taken | places
        if places:
            self.pairs[lesson] = places | old


class OpenDays:
    """What shoppers of one partition taught today and yesterday, by event time. Other days teach nothing more; the one
    before yesterday is held, so that it can be closed. `taught` grows with every event that was counted.
    """

    __slots__ = ("days", "taught")

    def __init__(self) -> None:
        self.days: dict[int, Day] = {}
        self.taught = 0

    def teach(self, shopper: str, session: Session, today: int) -> None:
        """Count what the event teaches that the session took in last; `today` is the number of the day."""
        number = day_of(session.last_ms)
        if not today - 1 <= number <= today or not (taught := [*lessons(session), *gaps(session)]):
            return
        self.day(number, today).teach(shopper, taught)
        self.taught += 1

    def day(self, number: int, today: int) -> Day:
        """That day; with a new one, those that are closed by then are let go."""
        if number not in self.days:
            self.days = {day: kept for day, kept in self.days.items() if day >= today - HELD} | {number: Day(number)}
        return self.days[number]


class Total(NamedTuple):
    """A pair over all days: its decayed count, the places that were ever seen, and on how many days it was taught."""

    weight: float
    places: int
    days: int

    @property
    def shoppers(self) -> int:
        """So many different shoppers taught it at least."""
        return self.places.bit_count()


class Totals:
    """All days up to `day`, each halved in weight every fourteen days. A value: `after` makes the next one."""

    __slots__ = ("day", "days", "pairs")

    def __init__(self, day: int = 0, days: int = 0, pairs: dict[Lesson, Total] | None = None) -> None:
        self.day, self.days = day, days
        self.pairs: dict[Lesson, Total] = {} if pairs is None else pairs

    def after(self, day: Day) -> "Totals":
        """These and a later day. Raises ValueError for one that is counted already."""
        if self.days and day.number <= self.day:
            raise ValueError(f"day {day.number} is counted already")
        fade = 0.5 ** ((day.number - self.day) / HALF_LIFE_DAYS) if self.days else 1.0
        pairs = dict(self._faded(fade))
        for lesson, places in day.pairs.items():
            old = pairs.get(lesson, _NEVER)
            pairs[lesson] = Total(old.weight + places.bit_count(), old.places | places, old.days + 1)
        return Totals(day.number, self.days + 1, pairs)

    def _faded(self, fade: float) -> Iterator[tuple[Lesson, Total]]:
        for lesson, total in self.pairs.items():
            weight = total.weight * fade
            if weight >= _LEAST:
                yield lesson, total._replace(weight=weight)


@lru_cache(65_536)
def _salt(table: Table, key: str) -> int:
    """So that a shopper's place differs from key to key."""
    return crc32(f"{table}\n{key}".encode())


_NEVER = Total(0.0, 0, 0)


def day_of(time_ms: int) -> int:
    """The number of the day, by event time in UTC."""
    return time_ms // DAY_MS
