"""Triggers: when a shopper's session is due. Pure; times are seconds on any one clock (arrival time, or event time)."""

from collections.abc import Sequence
from dataclasses import dataclass

from streams.events.event import URGENT

HOUR_S = 3_600.0
BURST_S = HOUR_S / 4
"""How far ahead of time a shopper's calls may be."""


@dataclass(frozen=True, slots=True)
class TriggerRules:
    """The first that holds makes a session due, but never sooner than `min_interval_s` after its last call began.

    An urgent action; a quiet `debounce_s` since the last event; `max_events` unsummarised; `max_wait_s` since the
    first of them. Whoever has had a quarter of `max_calls_per_hour` at once gets the next ones evenly spaced.
    """

    debounce_s: float = 1.0
    max_wait_s: float = 3.0
    max_events: int = 20
    min_interval_s: float = 2.0
    max_calls_per_hour: int = 360
    urgent: Sequence[str] = tuple(sorted(URGENT))


@dataclass(slots=True, kw_only=True)
class Unsummarised:
    """The events that no intent covers yet: when the first and the last came, how many, and since when urgent."""

    first_s: float
    last_s: float
    events: int = 1
    urgent_s: float | None = None

    def add(self, now_s: float) -> None:
        """Count one more event."""
        self.last_s = now_s
        self.events += 1


def due_s(owed: Unsummarised, called_s: float | None, rules: TriggerRules, paid_s: float = 0.0) -> float:
    """When the session is due; `called_s` is when its last call began, if there was one, `paid_s` as `pay` told."""
    due = min(owed.last_s + rules.debounce_s, owed.first_s + rules.max_wait_s)
    if owed.urgent_s is not None:
        due = min(due, owed.urgent_s)
    if owed.events >= rules.max_events:
        due = owed.first_s
    return due if called_s is None else max(due, called_s + rules.min_interval_s, paid_s - BURST_S)


def pay(paid_s: float, now_s: float, rules: TriggerRules) -> float:
    """Until when a shopper's calls are paid for, with the one that begins now: each takes its part of an hour."""
    return max(paid_s, now_s) + HOUR_S / rules.max_calls_per_hour
