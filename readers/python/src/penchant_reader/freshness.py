"""Freshness: how old an intent may be before a ranker leaves it aside. Pure."""

from typing import NamedTuple


class Freshness(NamedTuple):
    """The highest age by source, in seconds since the last event that the intent includes.

    The rules know less of a shopper than the model, so what they say is used for a shorter time.
    """

    model_s: float = 900.0
    rules_s: float = 300.0

    def age_s(self, source: str) -> float:
        """The highest age for a source; for one that is not known here the lower of both."""
        return {"model": self.model_s, "rules": self.rules_s}.get(source, min(self))
