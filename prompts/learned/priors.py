"""Priors: what others do after a category or a brand, the narrower counts backed by the wider ones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from prompts.learned.lessons import EVERYONE, STAY, Table, kinship, paths, situations
from prompts.learned.snapshot import UNTAUGHT, Row, Snapshot

DOUBT = 20.0
"""A row of so much weight counts as much as what it backs off to."""

Ends = tuple[float, float]
"""Of a price range, in doublings."""

_LIKELIEST = 32  # names that may come into a list of five beside those of the window


class Prior:
    """What others do, the likeliest first, and all of it to look names up."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores
        self.total = sum(scores.values())
        self._top = dict(sorted(scores.items(), key=largest_first)[:_LIKELIEST])

    def with_seen(self, seen: Iterable[tuple[str, float]]) -> dict[str, float]:
        """The likeliest, and what the shopper has seen on top."""
        scores = dict(self._top)
        for name, score in seen:
            scores[name] = scores.get(name, self.scores.get(name, 0.0)) + score
        return scores

    def without(self, seen: Iterable[str]) -> dict[str, float]:
        """The likeliest of those that the shopper has not seen, as shares of all such."""
        seen = frozenset(seen)
        rest = self.total - sum(self.scores.get(name, 0.0) for name in seen)
        return {name: score / rest for name, score in self._top.items() if name not in seen} if rest > 0 else {}


def stays(learned: Snapshot, categories: list[str]) -> float | None:
    """How likely the next new product is of the last of these categories; never, where none is known. None where the
    snapshot does not say."""
    if not categories:
        return 0.0
    widest, *narrower = (learned.row("stays", key) for key in situations(categories))
    if not widest:
        return None
    stay = (dict(widest).get(STAY, 0.0) + 1) / (sum(weight for _, weight in widest) + 2)  # nothing is certain
    for row in narrower:
        stay = _backed(row, {STAY: stay})[STAY]
    return stay


def after_category(learned: Snapshot, category: str) -> Prior:
    """Where shoppers go from a category: what is counted of it, backed by where they go from such as it."""
    scores = _backed(learned.row("category_after", category), _kin(learned, category))
    scores.pop(category, None)
    return Prior(scores)


def after_brand(learned: Snapshot, category: str, brand: str) -> Prior:
    """Which brands come after one in a category: the narrower is backed by the wider."""
    scores: Mapping[str, float] = shares(learned.row("brand_in", EVERYONE))
    for path in reversed(paths(category)):
        scores = _backed(learned.row("brand_in", path), scores)
    for key in (brand, f"{category}\n{brand}"):
        scores = _backed(learned.row("brand_after", key), scores)
    return Prior(scores)


def price_ends(learned: Snapshot, table: Table, keys: Iterable[str]) -> Ends | None:
    """The range under the narrowest key that has one, in doublings."""
    rows = (dict(learned.row(table, key)) for key in keys)
    return next(((row["low"], row["high"]) for row in rows if row), None)


def _kin(learned: Snapshot, category: str) -> dict[str, float]:
    """Everyone's categories, those near to this one weighed by how often shoppers go so far."""
    near: dict[str, dict[str, float]] = defaultdict(dict)
    for name, weight in learned.row("categories", EVERYONE):
        if name != category:
            near[kinship(category, name)][name] = weight
    steps = shares((dict.fromkeys(near, UNTAUGHT) | dict(learned.row("kinship", EVERYONE))).items())
    return {
        name: share * step for distance, step in steps.items() for name, share in shares(near[distance].items()).items()
    }


def _backed(row: Row, prior: Mapping[str, float]) -> defaultdict[str, float]:
    """Shares of a row, with a prior for the doubt."""
    total = sum(weight for _, weight in row) + DOUBT
    scores = defaultdict(float, {name: DOUBT * share / total for name, share in prior.items()})
    for name, weight in row:
        scores[name] += weight / total
    return scores


def shares(row: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Of each name, what it weighs of all."""
    weights = dict(row)
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def largest_first(pair: tuple[str, float]) -> tuple[float, str]:
    """The order of names by their scores, and by themselves where those are equal."""
    return -pair[1], pair[0]
