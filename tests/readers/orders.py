"""Orders of candidates as the service's first step has them, for readers that compute it themselves.

`python -m tests.readers.orders > readers/fixtures/orders.json` writes the fixture.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from agents.match.features import Wants, features
from agents.match.ranking import Order, weights
from agents.match.scores import score
from storage.intents import intent_fields
from streams.records.cards import Card
from streams.records.intents import Avoid, Intent, PriceBand, Weighted
from tests.agents.match.intents import intent

READ_AT_MS = 1_796_000_000_000
CANDIDATES: Mapping[str, Card] = {
    "sku-1": Card(category="home/kitchen/kettles", brand="Ålesund", price=42.0),
    "sku-2": Card(category="Home/Kitchen/Kettles ", brand="tarn", price=19.0),
    "sku-3": Card(category="home/kitchen/toasters", brand="Tarn", price=80.0),
    "sku-4": Card(category="home", price=42.0),
    "sku-5": Card(category="sport/shoes", brand="Ridge", price=120.0),
    "sku-6": Card(brand="STRAẞE"),
    "sku-7": Card(),
    "sku-8": Card(category="home/kitchen/kettles", brand="Ålesund", price=42.0),
}
"""The last is as the first."""

LAST = Card(category="home/kitchen/kettles", brand="TARN", price=30.0)
KNOWN = intent(
    categories=(Weighted(name="home/kitchen/kettles", weight=0.7), Weighted(name="sport/shoes", weight=0.3)),
    brands=(Weighted(name="ÅLESUND", weight=0.8), Weighted(name="straße", weight=0.2)),
    price_band=PriceBand(low=30.0, high=60.0),
)
AVOIDING = intent(
    categories=(Weighted(name="home/kitchen", weight=1.0),),
    avoid=(
        Avoid(kind="item", value="sku-1", reason="returned"),
        Avoid(kind="category", value="Sport", reason="removed"),
        Avoid(kind="brand", value="tarn", reason="seen-not-clicked"),
    ),
)
INTENTS: Mapping[str, Intent | None] = {"wishes": KNOWN, "what to avoid": AVOIDING, "no intent": None}


def made() -> dict[str, Any]:
    """The fixture: for every intent, with and without a last product, by either order, the candidates in their order
    with their scores."""
    candidates = [{"item": item, **_told(card)} for item, card in CANDIDATES.items()]
    return {"read_at_ms": READ_AT_MS, "candidates": candidates, "cases": list(_cases())}


def _cases() -> Iterator[dict[str, Any]]:
    for name, known in INTENTS.items():
        for last in (None, LAST):
            for by in ("last", "intent"):
                yield {
                    "case": f"{name}, by {by}, {'with' if last else 'without'} a last product",
                    "fields": {} if known is None else intent_fields(known) | {"doc": known.dump().decode()},
                    "last": last and _told(last),
                    "by": by,
                    "order": _order(known, last, by),
                }


def _order(known: Intent | None, last: Card | None, by: Order) -> list[dict[str, Any]]:
    wants = Wants.of(known, last)
    taken = weights(by, wants, last)
    scored = [(item, round(score(features(wants, item, card), taken), 6)) for item, card in CANDIDATES.items()]
    return [{"item": item, "score": worth} for item, worth in sorted(scored, key=lambda each: -each[1])]


def _told(card: Card) -> dict[str, Any]:
    return {"category": card.category, "brand": card.brand, "price": card.price}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(made(), ensure_ascii=False, indent=1) + "\n")
