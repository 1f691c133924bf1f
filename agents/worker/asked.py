"""Asked: what the rules and a model said of a session when the model was last asked, and whether that still holds."""

from typing import NamedTuple

from storage.intents import hot_fields
from streams.records.intents import Intent

NAMES = ("stage", "mission", "category", "brand")
"""The hot fields of words that a ranker goes by; the price band is the one of numbers."""

PRICE_MOVES = 0.2
"""By which share of itself a bound of the price band may move: it moves a little with every look."""


class Said(NamedTuple):
    """What an intent says in its hot fields."""

    names: tuple[str, ...]
    band: tuple[float, float] | None

    @classmethod
    def by(cls, intent: Intent) -> "Said":
        """This one."""
        fields, band = hot_fields(intent), intent.price_band
        return cls(tuple(fields[name] for name in NAMES), (band.low, band.high) if band else None)

    def agrees(self, other: "Said") -> bool:
        """Whether a ranker would do the same by both."""
        if self.names != other.names or self.band is None or other.band is None:
            return self == other
        return all(abs(a - b) <= PRICE_MOVES * max(a, b) for a, b in zip(self.band, other.band, strict=True))


class Asked(NamedTuple):
    """When that was, of which session, and what both said."""

    at_s: float
    session_from_ms: int
    by_rules: Said
    by_model: Said
