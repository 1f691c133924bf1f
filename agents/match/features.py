"""Features: how a product's card fits a shopper, as numbers. Those that the reader's `fit` has too are the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import NamedTuple

from streams.records.cards import Card
from streams.records.intents import Avoid, Intent, PriceBand

Path = tuple[str, ...]

NAMES = 16_384
"""Of categories and brands whose plain form is kept: those of a shop come again with each candidate and event."""

AVOIDED = {"removed": 1.0, "returned": 1.0, "seen-not-clicked": 0.5}
"""How much something is to be avoided, by the reason."""


class Features(NamedTuple):
    """Each is between 0 and 1, and 0 where what it compares is not known."""

    category: float = 0.0
    """The largest product of a wanted category's share of the interest and how much of the path is the card's."""
    brand: float = 0.0
    """The share of the interest that the card's brand has."""
    brand_leads: float = 0.0
    """1 when it is the brand with the largest share."""
    price: float = 0.0
    """1 within the price range, outside it the ratio of price and nearer end."""
    price_middle: float = 0.0
    """The ratio of the price and the range's geometric middle."""
    attributes: float = 0.0
    """The largest weight of a wanted attribute that the card has."""
    mission: float = 0.0
    """1 when the card serves the intent's mission."""
    avoid: float = 0.0
    """How much the product, its category or its brand is to be avoided."""
    last_category: float = 0.0
    """How much of the path is that of the product that was looked at last."""
    last_brand: float = 0.0
    """1 when it has the same brand as that."""
    last_price: float = 0.0
    """The ratio of its price and that one's."""


@dataclass(frozen=True, slots=True)
class Wants:
    """What is known of a shopper, ready to be held against many cards: an intent, if there is one, and the product that
    was looked at last. Names are as `plain` makes them."""

    intent: Intent | None
    last: Card
    last_path: Path
    brand: str
    categories: Mapping[Path, float]
    brands: Mapping[str, float]
    attributes: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, intent: Intent | None, last: Card | None = None) -> "Wants":
        """Of the whole intent."""
        last = last or Card()
        if intent is None:
            return cls(None, last, parts(last.category), "", {}, {}, {})
        brands = {plain(each.name): each.weight for each in intent.brands}
        return cls(
            intent,
            last,
            parts(last.category),
            max(brands, key=brands.__getitem__, default=""),
            {parts(each.name): each.weight for each in intent.categories},
            brands,
            {(plain(each.name), plain(each.value)): each.weight for each in intent.attributes},
        )

    @property
    def band(self) -> PriceBand | None:
        """The price range of interest."""
        return self.intent.price_band if self.intent else None


def features(wants: Wants, product: str, card: Card) -> Features:
    """How a product fits; the same arguments give the same features, always."""
    path, brand, last = parts(card.category), plain(card.brand), wants.last
    intent, band = wants.intent, wants.band
    comparable = band is not None and same_currency(band.currency, card.currency)
    return Features(
        max([weight * overlap(wanted, path) for wanted, weight in wants.categories.items()], default=0.0),
        wants.brands.get(brand, 0.0) if brand else 0.0,
        1.0 if brand and brand == wants.brand else 0.0,
        price_fit(band, card.price) if band and comparable else 0.0,
        ratio(card.price, sqrt(band.low * band.high)) if band and comparable else 0.0,
        max(
            [wants.attributes.get((plain(each.name), plain(each.value)), 0.0) for each in card.attributes], default=0.0
        ),
        float(serves(intent, card)) if intent else 0.0,
        max([AVOIDED[each.reason] for each in avoided(intent, product, card)], default=0.0),
        overlap(wants.last_path, path),
        1.0 if brand and brand == plain(last.brand) else 0.0,
        ratio(card.price, last.price) if same_currency(last.currency, card.currency) else 0.0,
    )


def price_fit(band: PriceBand, price: float | None) -> float:
    """1 within the range, less outside it."""
    if price is None:
        return 0.0
    if price < band.low:
        return price / band.low
    return band.high / price if price > band.high else 1.0


def ratio(one: float | None, other: float | None) -> float:
    """The smaller of two prices over the larger; 0 where one is not known."""
    return min(one, other) / max(one, other) if one and other else 0.0


def same_currency(one: str, other: str) -> bool:
    """Whether two prices can be compared: a price whose currency is not known is taken to be in the shop's."""
    return not one or not other or one == other


def serves(intent: Intent, card: Card) -> bool:
    """Whether the card names the intent's mission as one that it serves."""
    return any(each.mission == intent.mission.label for each in card.segments)


def avoided(intent: Intent | None, product: str, card: Card) -> list[Avoid]:
    """What the intent says to avoid that this product, its category or its brand is."""
    return [each for each in intent.avoid if is_avoided(each, product, card)] if intent else []


def is_avoided(avoid: Avoid, product: str, card: Card) -> bool:
    """Whether it is this product, its category or one that it belongs to, or its brand."""
    if avoid.kind == "category":
        path = parts(avoid.value)
        return bool(path) and parts(card.category)[: len(path)] == path
    return plain(avoid.value) == plain(product if avoid.kind == "item" else card.brand)


def overlap(wanted: Path, path: Path) -> float:
    """The shared leading parts of two paths, over the parts of the longer."""
    shared = 0
    for one, other in zip(wanted, path, strict=False):
        if one != other:
            break
        shared += 1
    return shared / max(len(wanted), len(path), 1)


@lru_cache(NAMES)
def parts(path: str) -> Path:
    """The parts of a category's path."""
    return tuple(plain(path).split("/")) if path else ()


@lru_cache(NAMES)
def plain(name: str) -> str:
    """Names are the same whatever their case and the space around them."""
    return name.strip().casefold()
