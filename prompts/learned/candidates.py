"""Candidates: the names that may come next, with their shares by the counts, and what a predictor is told of them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial

from prompts.learned import features
from prompts.learned.lessons import EVERYONE, kinship, paths, price_keys
from prompts.learned.priors import Ends, Prior, after_brand, after_category, largest_first, price_ends, shares
from prompts.learned.snapshot import Snapshot
from prompts.learned.window import Window

MOST = 16
"""Names of a kind that a predictor puts in order."""

_RETURN = 0.5  # what going back to a category of the window weighs beside all that others do
_OWN = 0.8  # the same for a brand, of each line
_OLDER = 0.8  # how that fades with each category, or line, since; both chosen on two folds of five (docs/eval.md)
_REMEMBERED = 4_096


class Candidates:
    """By one snapshot. What it says of a category or a brand is worked out once, and kept."""

    def __init__(self, learned: Snapshot) -> None:
        self._learned = learned
        self._after_category = lru_cache(_REMEMBERED)(partial(after_category, learned))
        self._after_brand = lru_cache(_REMEMBERED)(partial(after_brand, learned))
        self._all_categories = shares(learned.row("categories", EVERYONE))
        self._all_brands = shares(learned.row("brand_in", EVERYONE))

    def categories(self, window: Window) -> dict[str, float]:
        """Those to which shoppers go from the last category, and the window's others; without the last one."""
        others = [name for name in dict.fromkeys(reversed(window.categories)) if name != window.category]
        seen = [(name, _RETURN * _OLDER**age) for age, name in enumerate(others)]
        return _with_seen(self._after_category(window.category), seen)

    def near(self, window: Window) -> dict[str, float]:
        """Shares of those that the window has not, by the counts alone: the likeliest."""
        return self._after_category(window.category).without(window.categories)

    def brands(self, window: Window) -> dict[str, float]:
        """Of the last category, after the last brand, and of the window; empty where the snapshot has none."""
        seen = [(name, _OWN * _OLDER**age) for age, name in enumerate(reversed(window.brands)) if name]
        prior = self._after_brand(window.category, window.brand)
        return _with_seen(prior, seen) if prior.scores else {}

    def category_rows(self, window: Window, stay: float) -> tuple[list[str], list[features.Row]]:
        """The last category and the likeliest others, and a row of features for each."""
        known = self.categories(window)
        known = {window.category: stay} | {name: share * (1 - stay) for name, share in known.items()}
        names = _likeliest(known, MOST)
        near = {name: float(kinship(window.category, name)) for name in names}
        priors = (known, self._after_category(window.category).scores, self._all_categories, near)
        return names, features.of_names(window, window.line_categories, window.category, names, stay, priors)

    def brand_rows(self, window: Window, stay: float) -> tuple[list[str], list[features.Row]]:
        """The likeliest brands, and a row of features for each."""
        known = self.brands(window)
        names = _likeliest(known, MOST)
        here = shares(self._learned.row("brand_in", window.category))
        after = shares(self._learned.row("brand_after", window.brand))
        priors = (known, self._after_brand(window.category, window.brand).scores, self._all_brands, here, after)
        return names, features.of_names(window, window.brands, window.brand, names, stay, priors)

    def price_row(self, window: Window, band: Ends, stay: float) -> features.Row:
        """Of a window with prices; `band` is by the counts."""
        ends = (band, self.prices(window), self.steps(window))
        return features.of_price(window, ends, stay)

    def prices(self, window: Window) -> Ends | None:
        """What others pay after such a product, in doublings."""
        keys = price_keys(window.priced[-1].currency, window.category, window.brand)
        return price_ends(self._learned, "price_after", keys)

    def steps(self, window: Window) -> Ends | None:
        """The steps that prices take from such a product, in doublings."""
        return price_ends(self._learned, "price_step", [*paths(window.category), EVERYONE])


def _with_seen(prior: Prior, seen: Sequence[tuple[str, float]]) -> dict[str, float]:
    """The likeliest and the window's, as shares of all."""
    total = (prior.total + sum(score for _, score in seen)) or 1.0
    return {name: score / total for name, score in prior.with_seen(seen).items()}


def _likeliest(known: Mapping[str, float], most: int) -> list[str]:
    ordered: Iterable[tuple[str, float]] = sorted(known.items(), key=largest_first)
    return [name for name, _ in ordered][:most]
