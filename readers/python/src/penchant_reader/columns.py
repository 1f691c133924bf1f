"""Columns: an intent as numbers in a fixed order, the same in every language. Pure, and from hot fields alone.

A model that was trained on one VERSION is served with that version: FINGERPRINT says which columns it means.
"""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penchant_reader.intent import ReadIntent

STAGES = ("explore", "compare", "decide", "cart", "purchase")
HALF_LIFE_S = 600.0
"""After so long a session's intent is worth half."""

VERSION = 1
"""Raised when a column changes its meaning or its place; new ones are added at the end and raise it too."""

COLUMNS = (
    "known", *(f"stage_{stage}" for stage in STAGES), "confidence", "price_known", "price_low", "price_high",
    "category_depth", "brand_known", "by_model", "age_s", "freshness",
)  # fmt: skip

FINGERPRINT = hashlib.sha256(f"{VERSION}:{','.join(COLUMNS)}".encode()).hexdigest()[:16]
"""Of the version and the names of the columns in their order, as UTF-8 text `1:known,stage_explore,…`."""


Vector = tuple[float, ...]
NOTHING: Vector = (0.0,) * len(COLUMNS)
"""The vector of a shopper without an intent."""


def vector(intent: "ReadIntent") -> Vector:
    """The intent's numbers in the order of COLUMNS; all are 0 when it is missing."""
    if intent.missing:
        return NOTHING
    age_s = age_of_s(intent.as_of_ms, intent.read_at_ms)
    low, high = intent.price_low, intent.price_high
    return (
        1.0,
        *(1.0 if intent.stage == stage else 0.0 for stage in STAGES),
        min(max(intent.confidence, 0.0), 1.0),
        0.0 if low is None or high is None else 1.0,
        low or 0.0,
        high or 0.0,
        float(intent.category.count("/") + 1) if intent.category else 0.0,
        1.0 if intent.brand else 0.0,
        1.0 if intent.source == "model" else 0.0,
        age_s,
        freshness(age_s),
    )


def age_of_s(as_of_ms: int, read_at_ms: int) -> float:
    """Seconds from the last event to the read, never below 0, whatever the clocks say."""
    return max(read_at_ms - as_of_ms, 0) / 1e3


def freshness(age_s: float) -> float:
    """Halves with every ten minutes."""
    return float(0.5 ** (age_s / HALF_LIFE_S))
