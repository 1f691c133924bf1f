"""Foresight: what a snapshot says of the next new product of one shopper, backing off to what the window shows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from math import log2

from prompts.interests import MANY
from prompts.learned.lessons import EVERYONE, STAY, Table, kinship, paths, price_keys, situations
from prompts.learned.snapshot import Row, Snapshot
from prompts.view import Product, PromptView
from streams.records.intents import PriceBand, Weighted

DOUBT = 20.0
"""A row of so much weight counts as much as what it backs off to."""

_RETURN = 0.5  # what going back to a category of the window weighs beside all that others do
_OWN = 0.8  # the same for a brand, of each line
_OLDER = 0.8  # how that fades with each category, or line, since; both chosen on two folds of five (docs/eval.md)
_LEARNED_SHARE = 0.7  # how fast the shopper's own prices take over from those of the others, by lines
_LOWEST = 0.01
_REMEMBERED = 4_096
_LIKELIEST = 32  # names that may come into a list of five beside those of the window


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Shares and range of the next new product. None where the snapshot does not say, and today's rules stand."""

    categories: tuple[Weighted, ...] | None
    brands: tuple[Weighted, ...] | None
    band: PriceBand | None
    confidence: float | None


class Foresight:
    """Foresees by one snapshot. What it says of a category or a brand is worked out once, and kept."""

    def __init__(self, learned: Snapshot) -> None:
        self.learned = learned
        self._after_category = lru_cache(_REMEMBERED)(partial(_after_category, learned))
        self._after_brand = lru_cache(_REMEMBERED)(partial(_after_brand, learned))

    def foresee(self, view: PromptView, band: PriceBand | None) -> Foreseen:
        """What the snapshot says to a shopper's window, of which the rules make `band`."""
        window = _Window(view)
        stays = _stays(window, self.learned)
        return Foreseen(
            self._categories(window, stays) if window.category and stays is not None else None,
            self._brands(window),
            _band(window, band, self.learned),
            None if stays is None else round(stays, 3),
        )

    def _categories(self, window: "_Window", stays: float) -> tuple[Weighted, ...]:
        """The last category with its chance, and the likeliest others with what is left."""
        prior = self._after_category(window.category)
        others = [name for name in dict.fromkeys(reversed(window.categories)) if name != window.category]
        scores = prior.with_seen((name, _RETURN * _OLDER**age) for age, name in enumerate(others))
        chosen = _best(scores, MANY - 1, self.learned.newcomers - set(window.categories))
        left = (1 - stays) / (prior.total + sum(_RETURN * _OLDER**age for age in range(len(others))) or 1.0)
        rest = [Weighted(name=name, weight=round(min(score * left, stays), 3)) for name, score in chosen]
        return Weighted(name=window.category, weight=round(stays, 3)), *rest

    def _brands(self, window: "_Window") -> tuple[Weighted, ...] | None:
        """The likeliest brands: of the category, after this brand, and of the window."""
        prior = self._after_brand(window.category, window.brand)
        if not prior.scores:
            return None
        seen = [(name, _OWN * _OLDER**age) for age, name in enumerate(reversed(window.brands)) if name]
        scores = prior.with_seen(seen)
        total = prior.total + sum(score for _, score in seen)
        chosen = _best(scores, MANY, self.learned.newcomers - set(window.brands))
        return tuple(Weighted(name=name, weight=round(score / total, 3)) for name, score in chosen)


class _Prior:
    """What others do, the likeliest first, and all of it to look names up."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores
        self.total = sum(scores.values())
        self._top = dict(sorted(scores.items(), key=_largest_first)[:_LIKELIEST])

    def with_seen(self, seen: Iterable[tuple[str, float]]) -> dict[str, float]:
        """The likeliest, and what the shopper has seen on top."""
        scores = dict(self._top)
        for name, score in seen:
            scores[name] = scores.get(name, self.scores.get(name, 0.0)) + score
        return scores


class _Window:
    """The names of the window's lines, oldest first, and its priced products."""

    def __init__(self, view: PromptView) -> None:
        products = [entry.product for entry in view.entries if entry.product]
        self.categories = [view.categories[each.category - 1] for each in products if each.category]
        self.brands = [view.brands[each.brand - 1] if each.brand else "" for each in products]
        self.priced: list[Product] = [each for each in products if each.price]
        self.category = self.categories[-1] if self.categories else ""
        self.brand = next(filter(None, reversed(self.brands)), "")


def _stays(window: _Window, learned: Snapshot) -> float | None:
    """How likely the next new product is of the last category; never, where none is known."""
    if not window.category:
        return 0.0
    widest, *narrower = (learned.row("stays", key) for key in situations(window.categories))
    if not widest:
        return None
    stay = (dict(widest).get(STAY, 0.0) + 1) / (sum(weight for _, weight in widest) + 2)  # nothing is certain
    for row in narrower:
        stay = _backed(row, {STAY: stay})[STAY]
    return stay


def _after_category(learned: Snapshot, category: str) -> _Prior:
    """Where shoppers go from a category: what is counted of it, backed by where they go from such as it."""
    scores = _backed(learned.row("category_after", category), _kin(learned, category))
    scores.pop(category, None)
    return _Prior(scores)


def _kin(learned: Snapshot, category: str) -> dict[str, float]:
    """Everyone's categories, those near to this one weighed by how often shoppers go so far."""
    near: dict[str, dict[str, float]] = defaultdict(dict)
    for name, weight in learned.row("categories", EVERYONE):
        if name != category:
            near[kinship(category, name)][name] = weight
    steps = _shares(learned.row("kinship", EVERYONE))
    return {
        name: share * step
        for distance, step in steps.items()
        for name, share in _shares(near[distance].items()).items()
    }


def _after_brand(learned: Snapshot, category: str, brand: str) -> _Prior:
    """Which brands come after one in a category: the narrower is backed by the wider."""
    scores: Mapping[str, float] = _shares(learned.row("brand_in", EVERYONE))
    for path in reversed(paths(category)):
        scores = _backed(learned.row("brand_in", path), scores)
    for key in (brand, f"{category}\n{brand}"):
        scores = _backed(learned.row("brand_after", key), scores)
    return _Prior(scores)


def _band(window: _Window, band: PriceBand | None, learned: Snapshot) -> PriceBand | None:
    """Between the shopper's own range, the steps that prices take, and what others pay after such a product; the more
    prices the window has, the less the others count."""
    if band is None or not window.priced:
        return None
    last = window.priced[-1]
    if last.currency != band.currency:
        return None
    others = 1 / (1 + _LEARNED_SHARE * len(window.priced))
    keys = price_keys(last.currency, window.category, window.brand)
    prices = _range(learned, "price_after", keys)
    step = _range(learned, "price_step", [*paths(window.category), EVERYONE])
    ranges = [((log2(max(band.low, _LOWEST)), log2(max(band.high, _LOWEST))), 1 - others)]
    if step:
        ranges.append(((log2(last.price) + step[0], log2(last.price) + step[1]), 1.0))
    if prices:
        ranges.append((prices, others))
    if len(ranges) == 1:
        return None
    total = sum(weight for _, weight in ranges)
    low, high = (2 ** (sum(ends[side] * weight for ends, weight in ranges) / total) for side in (0, 1))
    return PriceBand(low=round(low, 2), high=round(high, 2), currency=band.currency)


def _range(learned: Snapshot, table: Table, keys: Iterable[str]) -> tuple[float, float] | None:
    """The range under the narrowest key that has one, in doublings."""
    rows = (dict(learned.row(table, key)) for key in keys)
    return next(((row["low"], row["high"]) for row in rows if row), None)


def _backed(row: Row, prior: Mapping[str, float]) -> defaultdict[str, float]:
    """Shares of a row, with a prior for the doubt."""
    total = sum(weight for _, weight in row) + DOUBT
    scores = defaultdict(float, {name: DOUBT * share / total for name, share in prior.items()})
    for name, weight in row:
        scores[name] += weight / total
    return scores


def _shares(row: Iterable[tuple[str, float]]) -> dict[str, float]:
    weights = dict(row)
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _best(scores: Mapping[str, float], most: int, newcomers: frozenset[str]) -> list[tuple[str, float]]:
    """The largest, of which one at most is a newcomer."""
    ordered = sorted(scores.items(), key=_largest_first)
    chosen: list[tuple[str, float]] = []
    new = 0
    for name, score in ordered:
        new += name in newcomers
        if name not in newcomers or new == 1:
            chosen.append((name, score))
        if len(chosen) == most:
            break
    return chosen


def _largest_first(pair: tuple[str, float]) -> tuple[float, str]:
    return -pair[1], pair[0]
