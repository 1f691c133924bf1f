"""Guesses: what a predictor foresees, in the one form that is scored, and the trivial rules to beat. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from penchant.offline.eval.cases import Shown
from streams.records.intents import Findings

Band = tuple[float, float]
AROUND = 1.2
"""The trivial rule of the last price takes what costs up to so many times more or less."""


@dataclass(frozen=True, slots=True)
class Guess:
    """Categories and brands of the next unseen item, likeliest first, and its price; the probability that the next
    event is a purchase, given that one comes; how sure the first category is. None: the predictor does not say."""

    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    band: Band | None = None
    purchase: float | None = None
    confidence: float | None = None


SILENT = Guess()
"""What a predictor foresees that says nothing."""


def of_findings(found: Findings) -> Guess:
    """What an intent foresees."""
    band, following = found.price_band, found.next_action
    stays = 1 - following.leave
    return Guess(
        tuple(each.name for each in found.categories),
        tuple(each.name for each in found.brands),
        (band.low, band.high) if band else None,
        min(following.purchase / stays, 1.0) if stays > 0 else 0.0,
        found.confidence,
    )


def last(shown: Shown) -> Guess:
    """As just now: what was looked at last comes first, around the last price; a purchase as often as it came so far
    after the same action."""
    categories, brands, prices = _columns(shown)
    band = (prices[-1] / AROUND, prices[-1] * AROUND) if prices else None
    return Guess(_latest(categories), _latest(brands), band, shown.population.purchase_after)


def most(shown: Shown) -> Guess:
    """As mostly in this session: the commonest first, between the lowest and the highest price."""
    categories, brands, prices = _columns(shown)
    return Guess(_commonest(categories), _commonest(brands), (min(prices), max(prices)) if prices else None)


def everyone(shown: Shown) -> Guess:
    """As all shoppers so far."""
    population = shown.population
    return Guess(population.categories, population.brands, population.band, population.purchase)


TRIVIAL: Mapping[str, Callable[[Shown], Guess]] = {"last": last, "most": most, "everyone": everyone}
"""By the names that reports use."""


def _columns(shown: Shown) -> tuple[list[str], list[str], list[float]]:
    """The categories, brands and prices of the window's lines, in their order."""
    view = shown.view
    products = [entry.product for entry in view.entries if entry.product]
    return (
        [view.categories[product.category - 1] for product in products if product.category],
        [view.brands[product.brand - 1] for product in products if product.brand],
        [product.price for product in products if product.price],
    )


def _latest(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reversed(names)))


def _commonest(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name, _ in Counter(names).most_common())
