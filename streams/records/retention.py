"""Retention: how old the records of a topic may be. Pure."""

from math import inf
from typing import NamedTuple

SPANS = "retention.ms, message.timestamp.before.max.ms"
"""The settings of a topic that say how old a record with a time of its own may be."""


class Retention(NamedTuple):
    """Milliseconds, infinite where a record may have any age.

    The broker deletes one older than `kept_ms` when it next looks, with the segment in which no record is newer. It
    refuses one older than `taken_ms`. Where it `restamps`, records get the time at which they are written.
    Source: `retention.ms`, `message.timestamp.type` and `message.timestamp.before.max.ms` of Kafka's topic settings.
    """

    kept_ms: float
    taken_ms: float
    restamps: bool

    @property
    def span_ms(self) -> float:
        """How old a record may be that is written with its own time, to be there and to stay."""
        return inf if self.restamps else min(self.kept_ms, self.taken_ms)
