"""Order: candidates as the first step of a match puts them, in the ranker's own process. Pure, and it always answers.

It is what `penchant serve` computes of what a Candidate says, with the same weights (readers/fixtures/orders.json).
"""

from collections.abc import Iterable, Mapping
from math import inf, sqrt
from typing import Literal, NamedTuple

from penchant_reader.fit import Candidate, features, overlap
from penchant_reader.intent import ReadIntent
from penchant_reader.wants import parts, plain

By = Literal["last", "intent"]

AVOID = -10.0
WITH_INTENT: Mapping[str, float] = {
    "category": 0.75, "brand": 1.05, "brand_leads": 0.55, "price": 0.3, "price_middle": 0.7, "avoid": AVOID,
    "last_category": 2.2, "last_brand": 0.9, "last_price": 1.7,
}  # fmt: skip
LAST_ALONE: Mapping[str, float] = {"last_category": 2.85, "last_brand": 2.1, "last_price": 2.3}


class Scored(NamedTuple):
    """A candidate in its place; only the order of scores means anything."""

    candidate: Candidate
    score: float


def in_order(
    intent: ReadIntent, candidates: Iterable[Candidate], last: Candidate | None = None, by: By = "last"
) -> list[Scored]:
    """All candidates, the fittest first; equals, and so everything where nothing is known, keep the order given.

    `last` is the product that the shopper looked at last, None where nobody knows. `by` is as `match.order`: by that
    product and what is to be avoided, or by the intent too, which alone counts where there is no `last`. The intent has
    to be read with its document; what the service knows beside a Candidate, attributes and missions, does not count.
    """
    weights = _weights(intent, last, by)
    scored = [Scored(each, _score(intent, each, last or Candidate(""), weights)) for each in candidates]
    return sorted(scored, key=lambda each: -each.score)


def _weights(intent: ReadIntent, last: Candidate | None, by: By) -> Mapping[str, float]:
    if intent.missing:
        return LAST_ALONE
    return WITH_INTENT if by == "intent" or last is None else {**LAST_ALONE, "avoid": AVOID}


def _score(intent: ReadIntent, candidate: Candidate, last: Candidate, weights: Mapping[str, float]) -> float:
    fit, low, high = features(intent, candidate), intent.price_low, intent.price_high
    middle = None if low is None or high is None else sqrt(low * high)
    brand = plain(candidate.brand)
    values = {
        "category": fit.category,
        "brand": fit.brand,
        "brand_leads": fit.brand_leads,
        "price": fit.price,
        "price_middle": _ratio(candidate.price, middle),
        "avoid": max(fit.avoid_item, fit.avoid_category, fit.avoid_brand),
        "last_category": overlap(parts(last.category), parts(candidate.category)),
        "last_brand": 1.0 if brand and brand == plain(last.brand) else 0.0,
        "last_price": _ratio(candidate.price, last.price),
    }
    return round(sum(weight * values[name] for name, weight in weights.items()), 6)


def _ratio(one: float | None, other: float | None) -> float:
    """The smaller of two prices over the larger; 0 where one is not known."""
    if one is None or other is None or not (0 < one < inf and 0 < other < inf):
        return 0.0
    return min(one, other) / max(one, other)
