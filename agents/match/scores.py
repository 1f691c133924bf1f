"""Scores: candidates by their features, the first step of a match. It needs no model and always answers."""

from collections.abc import Mapping

from agents.match.features import Features

AVOID = -10.0
"""What there is to avoid: more than all that can speak for a product, so that what was sent back comes last."""

WITH_INTENT: Mapping[str, float] = {
    "category": 0.75,
    "brand": 1.05,
    "brand_leads": 0.55,
    "price": 0.3,
    "price_middle": 0.7,
    "attributes": 1.0,
    "mission": 0.5,
    "avoid": AVOID,
    "last_category": 2.2,
    "last_brand": 0.9,
    "last_price": 1.7,
}
"""What each feature weighs. Those of category, brand, price and the last product come from one half of the shoppers of
REES46's sample and hold on the other (docs/tiers.md). It has no attributes and missions: these are judgement."""

LAST_ALONE: Mapping[str, float] = {"last_category": 2.85, "last_brand": 2.1, "last_price": 2.3}
"""The same of a shopper without an intent, from the last product alone."""


def score(features: Features, weights: Mapping[str, float]) -> float:
    """How well it fits; only the order means anything."""
    return sum([weight * float(getattr(features, name)) for name, weight in weights.items()])
