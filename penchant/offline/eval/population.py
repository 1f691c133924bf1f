"""Population: counts of what all shoppers did up to a moment, for the trivial rules."""

from bisect import insort
from collections import Counter
from typing import NamedTuple

NAMED = 5
TAIL = 0.1  # the share of prices on either side that is taken for strays
_PURCHASE = "purchase"
_DOUBT = 50  # a share that has been seen so often weighs as much as the one it starts from
_RARE = 0.02  # what a share starts from: purchases are few


class PopulationStats(NamedTuple):
    """The commonest categories and brands, the range of most prices, and how often a purchase comes next: at all, and
    after the action that came last."""

    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    band: tuple[float, float] | None = None
    purchase: float = _RARE
    purchase_after: float = _RARE


class PopulationCounter:
    """Counts as events come. It is told no event before its time."""

    def __init__(self) -> None:
        self._categories: Counter[str] = Counter()
        self._brands: Counter[str] = Counter()
        self._prices: list[float] = []
        self._last: dict[str, str] = {}
        self._followed: Counter[str] = Counter()  # how often anything came after an action
        self._bought: Counter[str] = Counter()  # how often it was a purchase

    def learn(self, shopper: str, action: str, category: str, brand: str, price: float, *, first: bool) -> None:
        """One more event; `first` of its session."""
        if category:
            self._categories[category] += 1
        if brand:
            self._brands[brand] += 1
        if price:
            insort(self._prices, price)
        if not first:
            before = self._last[shopper]
            self._followed[before] += 1
            self._bought[before] += action == _PURCHASE
        self._last[shopper] = action

    def stats_after(self, action: str) -> PopulationStats:
        """What is known now, to a shopper whose last action this is."""
        base = _share(self._bought.total(), self._followed.total(), _RARE)
        return PopulationStats(
            _commonest(self._categories),
            _commonest(self._brands),
            self._band(),
            base,
            _share(self._bought[action], self._followed[action], base),
        )

    def _band(self) -> tuple[float, float] | None:
        if not self._prices:
            return None
        last = len(self._prices) - 1
        return self._prices[round(last * TAIL)], self._prices[round(last * (1 - TAIL))]


def _commonest(counts: Counter[str]) -> tuple[str, ...]:
    return tuple(name for name, _ in counts.most_common(NAMED))


def _share(part: int, whole: int, start: float) -> float:
    return (part + _DOUBT * start) / (whole + _DOUBT)
