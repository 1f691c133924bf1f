"""Profile: counts of what a shopper looked at, for the events that are no longer kept one by one."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.events.event import Item

KEPT = 6
"""Categories and brands kept by a tally. A shopper with more has no preference worth a line of prompt."""

Counts = tuple[tuple[str, int], ...]


class InterestCounts(NamedTuple):
    """Counts of rows by category and brand, largest first, and of closed sessions and purchased rows."""

    sessions: int
    purchases: int
    categories: Counts
    brands: Counts

    @classmethod
    def of(cls, rows: Iterable[tuple[str, Item]]) -> "InterestCounts":
        """Count rows of (action, item)."""
        categories: dict[str, int] = {}
        brands: dict[str, int] = {}
        purchases = 0
        for action, item in rows:
            purchases += action == "purchase"
            _count(categories, item.category)
            _count(brands, item.brand)
        return cls(0, purchases, _largest(categories), _largest(brands))

    def fade(self) -> "InterestCounts":
        """Halve every count, so that a taste of long ago gives way to a new one."""
        categories = tuple((name, count // 2) for name, count in self.categories if count > 1)
        brands = tuple((name, count // 2) for name, count in self.brands if count > 1)
        return self._replace(categories=categories, brands=brands)

    def closed(self) -> "InterestCounts":
        """The same with one more session closed."""
        return self._replace(sessions=self.sessions + 1)


NOTHING = InterestCounts(0, 0, (), ())


def merge(one: InterestCounts, other: InterestCounts) -> InterestCounts:
    """The sum of two tallies."""
    if other == NOTHING:
        return one
    return InterestCounts(
        one.sessions + other.sessions,
        one.purchases + other.purchases,
        _sum(one.categories, other.categories),
        _sum(one.brands, other.brands),
    )


def _count(counts: dict[str, int], name: str | None) -> None:
    if name:
        counts[name] = counts.get(name, 0) + 1


def _sum(one: Counts, other: Counts) -> Counts:
    total = dict(one)
    for name, count in other:
        total[name] = total.get(name, 0) + count
    return _largest(total)


def _largest(counts: Mapping[str, int]) -> Counts:
    """The largest counts first; names break ties, so that the order depends on nothing else."""
    return tuple(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:KEPT])
