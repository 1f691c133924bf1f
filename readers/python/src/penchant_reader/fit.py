"""Fit: how a candidate item fits an intent, as numbers for a ranker's model. Pure, and some microseconds each."""

from math import inf
from typing import NamedTuple

from penchant_reader.columns import STAGES, age_of_s, freshness
from penchant_reader.intent import ReadIntent
from penchant_reader.wants import Path, parts, plain

PLACES = {stage: place / (len(STAGES) - 1) for place, stage in enumerate(STAGES)}


class Candidate(NamedTuple):
    """An item that may be shown, in the words of the events: a category's path has slashes, broadest part first, and
    the price is in the currency of the events. What is not known is left empty; a price that is NaN is not known."""

    item: str
    category: str = ""
    brand: str = ""
    price: float | None = None


class Features(NamedTuple):
    """How a candidate fits an intent. Each is between 0 and 1, and all are 0 when there is no intent.

    New ones are added at the end; what stands here keeps its place and its meaning.
    """

    known: float = 0.0
    """1 when there is an intent."""
    category: float = 0.0
    """The largest product of a wanted category's share of the interest and how much of the path is the candidate's."""
    category_leads: float = 0.0
    """How much of the leading category's path is the candidate's: shared leading parts over those of the longer."""
    brand: float = 0.0
    """The share of the interest that the candidate's brand has."""
    brand_leads: float = 0.0
    """1 when it is the brand with the largest share."""
    price: float = 0.0
    """1 within the price range, outside it the ratio of price and nearer end; 0 when one is not known."""
    price_place: float = 0.0
    """Where in the price range the price lies: 0 at or below its lower end, 1 at or above its upper."""
    price_known: float = 0.0
    """1 when there are a price range and a price."""
    avoid_item: float = 0.0
    """1 when this very item was removed or returned, 0.5 when it was seen and passed over."""
    avoid_category: float = 0.0
    """The same of its category, or one that it belongs to."""
    avoid_brand: float = 0.0
    """The same of its brand."""
    stage: float = 0.0
    """0 explore, 0.25 compare, 0.5 decide, 0.75 cart, 1 purchase."""
    confidence: float = 0.0
    """The intent's own."""
    freshness: float = 0.0
    """Halves with every ten minutes between the intent's last event and the read."""


NOTHING = Features()


def features(intent: ReadIntent, candidate: Candidate) -> Features:
    """How an item fits an intent. The first call for an intent parses its document; the same arguments give the same
    features, always."""
    if intent.missing:
        return NOTHING
    wants, path, brand = intent.wants, parts(candidate.category), plain(candidate.brand)
    return Features(
        1.0,
        max([weight * overlap(each, path) for each, weight in wants.categories], default=0.0),
        overlap(wants.leading, path),
        wants.brands.get(brand, 0.0) if brand else 0.0,
        1.0 if brand and brand == wants.brand else 0.0,
        *_price(candidate.price, intent.price_low, intent.price_high),
        wants.avoid_items.get(plain(candidate.item), 0.0),
        max([much for each, much in wants.avoid_categories.items() if path[: len(each)] == each], default=0.0),
        wants.avoid_brands.get(brand, 0.0) if brand else 0.0,
        PLACES.get(intent.stage, 0.0),
        min(max(intent.confidence, 0.0), 1.0),
        freshness(age_of_s(intent.as_of_ms, intent.read_at_ms)),
    )


def overlap(wanted: Path, path: Path) -> float:
    """The shared leading parts of two paths, over the parts of the longer."""
    if wanted == path and path:
        return 1.0
    if not wanted or not path:
        return 0.0
    shared = 0
    for one, other in zip(wanted, path, strict=False):
        if one != other:
            break
        shared += 1
    return shared / max(len(wanted), len(path))


def _price(price: float | None, low: float | None, high: float | None) -> tuple[float, float, float]:
    """How it fits, its place, and whether they are known."""
    if price is None or not 0 < price < inf or low is None or high is None:  # tables say NaN of what they lack
        return 0.0, 0.0, 0.0
    if price < low:
        return price / low, 0.0, 1.0
    if price > high:
        return high / price, 1.0, 1.0
    return 1.0, (price - low) / (high - low) if high > low else 0.5, 1.0
