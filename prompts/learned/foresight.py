"""Foresight: what a snapshot says of the next new product of one shopper, backing off to what the window shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

from prompts.interests import MANY
from prompts.learned.candidates import Candidates
from prompts.learned.lessons import parts
from prompts.learned.priors import Ends, largest_first, stays
from prompts.learned.snapshot import Snapshot
from prompts.learned.window import Window
from prompts.view import PromptView
from streams.records.intents import PriceBand, Weighted

if TYPE_CHECKING:
    from prompts.learned.predictor import Predictor  # numpy, which is slow to start

_LEARNED_SHARE = 0.7  # how fast the shopper's own prices take over from those of the others, by lines
_LOWEST = 0.01
_NEAR_SHARE = 0.1  # how likely the next product is of a category that the window has not, where nobody taught it

MOST_NEAR = 2
"""Categories that are named where nobody taught what follows."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Shares and range of the next new product. None where the snapshot does not say, and today's rules stand; beside
    their categories then stand those of `near`, which the shop has and nobody taught anything of."""

    categories: tuple[Weighted, ...] | None
    brands: tuple[Weighted, ...] | None
    band: PriceBand | None
    confidence: float | None
    near: tuple[Weighted, ...] = ()


class Foresight:
    """Foresees by the counts of one snapshot; a predictor, where there is one, puts their names in order and moves the
    range. `by_counts` is the same without it."""

    def __init__(self, learned: Snapshot, predictor: "Predictor | None" = None) -> None:
        self.learned, self.predictor = learned, predictor
        self.candidates = Candidates(learned)
        self.by_counts = Foresight(learned) if predictor else self

    @property
    def name(self) -> str:
        """What an intent names that was made with it: the snapshot, and the predictor behind a plus."""
        return self.learned.name + (f"+{self.predictor.name}" if self.predictor else "")

    def foresee(self, view: PromptView, band: PriceBand | None) -> Foreseen:
        """What the snapshot says to a shopper's window, of which the rules make `band`."""
        window = Window(view)
        stay = stays(self.learned, window.categories)
        categories = None
        if window.category and stay is not None:
            categories = self._categories(window, stay)
            stay = categories[0].weight
        return Foreseen(
            categories,
            self._brands(window, stay or 0.0),
            self._band(window, band, stay or 0.0),
            None if stay is None else round(stay, 3),
            self._near(window) if window.category and stay is None else (),
        )

    def _categories(self, window: Window, stay: float) -> tuple[Weighted, ...]:
        """The last category with its chance, and the likeliest others with what is left; or all as predicted."""
        newcomers = self.learned.newcomers - set(window.categories)
        if self.predictor is not None:
            names, rows = self.candidates.category_rows(window, stay)
            return _weighted(names, self.predictor.chances("category", rows), newcomers)
        chosen = _best(self.candidates.categories(window), MANY - 1, newcomers)
        rest = [Weighted(name=name, weight=round(min(share * (1 - stay), stay), 3)) for name, share in chosen]
        return Weighted(name=window.category, weight=round(stay, 3)), *rest

    def _near(self, window: Window) -> tuple[Weighted, ...]:
        """Some of the categories that the shop has and the window has not, the nearest first."""
        known = {parts(name) for name in window.categories}
        others = {name: share for name, share in self.candidates.near(window).items() if parts(name) not in known}
        room = min(MOST_NEAR, MANY - len(set(window.categories)))
        chosen = _best(others, room, frozenset()) if room > 0 else []
        return tuple(Weighted(name=name, weight=round(_NEAR_SHARE * share, 3)) for name, share in chosen)

    def _brands(self, window: Window, stay: float) -> tuple[Weighted, ...] | None:
        """The likeliest brands: of the category, after this brand, and of the window."""
        newcomers = self.learned.newcomers - set(window.brands)
        if self.predictor is not None:
            names, rows = self.candidates.brand_rows(window, stay)
            return _weighted(names, self.predictor.chances("brand", rows), newcomers) if names else None
        chosen = _best(self.candidates.brands(window), MANY, newcomers)
        return tuple(Weighted(name=name, weight=round(share, 3)) for name, share in chosen) or None

    def _band(self, window: Window, band: PriceBand | None, stay: float) -> PriceBand | None:
        """Where others' prices, and the predictor, put the range; None where the snapshot says nothing of it."""
        if band is None or not window.priced or window.priced[-1].currency != band.currency:
            return None
        ends = counted_ends(self.candidates, window, band)
        if ends is None:
            return None
        if self.predictor is not None:
            last = log2(window.priced[-1].price)
            low, high = self.predictor.price_range(self.candidates.price_row(window, ends, stay))
            ends = last + low, last + high
        return PriceBand(low=round(2 ** ends[0], 2), high=round(2 ** ends[1], 2), currency=band.currency)


def counted_ends(candidates: Candidates, window: Window, band: PriceBand) -> Ends | None:
    """Between the shopper's own range, the steps that prices take, and what others pay after such a product, in
    doublings; the more prices the window has, the less the others count. None where nobody teaches any of it."""
    others = 1 / (1 + _LEARNED_SHARE * len(window.priced))
    prices, step = candidates.prices(window), candidates.steps(window)
    last = log2(window.priced[-1].price)
    ranges = [((log2(max(band.low, _LOWEST)), log2(max(band.high, _LOWEST))), 1 - others)]
    if step:
        ranges.append(((last + step[0], last + step[1]), 1.0))
    if prices:
        ranges.append((prices, others))
    if len(ranges) == 1:
        return None
    total = sum(weight for _, weight in ranges)
    low, high = (sum(ends[side] * weight for ends, weight in ranges) / total for side in (0, 1))
    return low, high


def _weighted(names: Sequence[str], chances: Sequence[float], newcomers: frozenset[str]) -> tuple[Weighted, ...]:
    """The likeliest with their chances; those of all candidates together are no more than one."""
    total = max(sum(chances), 1.0)
    scores = {name: chance / total for name, chance in zip(names, chances, strict=True)}
    return tuple(Weighted(name=name, weight=round(chance, 3)) for name, chance in _best(scores, MANY, newcomers))


def _best(scores: Mapping[str, float], most: int, newcomers: frozenset[str]) -> list[tuple[str, float]]:
    """The largest, of which one at most is a newcomer."""
    chosen: list[tuple[str, float]] = []
    new = 0
    for name, score in sorted(scores.items(), key=largest_first):
        new += name in newcomers
        if name not in newcomers or new == 1:
            chosen.append((name, score))
        if len(chosen) == most:
            break
    return chosen
