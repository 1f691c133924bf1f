"""Upkeep: how often the enrichment looks after what it holds, and how much it keeps of it."""

from dataclasses import dataclass, field
from typing import Self

from agents.worker.backlog_rules import BacklogRules
from agents.worker.eviction import EvictionRules

EVICT_AT = 0.8
"""Clean sessions are dropped beyond this share of the most that may be held, so that the bound itself is rarely met."""


@dataclass(frozen=True, slots=True)
class UpkeepRules:
    """How often upkeep looks at sessions, the store and the persisted owed set."""

    every_s: float = 0.05
    store_retry_s: float = 0.5
    recall_every_s: float = 30.0
    eviction: EvictionRules = field(default_factory=EvictionRules)

    @classmethod
    def of(cls, backlog: BacklogRules) -> Self:
        """For a worker that may hold so much."""
        most, most_bytes = int(backlog.max_sessions * EVICT_AT), int(backlog.max_bytes * EVICT_AT)
        return cls(eviction=EvictionRules(most=most, most_bytes=most_bytes))
