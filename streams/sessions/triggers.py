"""Triggers: when a shopper's session is due. Pure; times are seconds on any one clock (arrival time, or event time)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from streams.events.event import Action
from streams.section import Calls, Events, Seconds, SecondsOrZero, Words, section, unit
from streams.sessions.session import Session

HOUR_S = 3_600.0
BURST_S = HOUR_S / 4
"""How far ahead of time a shopper's calls may be."""


@section
class TriggerRules:
    """When a session is due for a call: the first that holds."""

    debounce_s: SecondsOrZero = 1.0
    """A quiet time this long since the last event."""
    max_wait_s: SecondsOrZero = 3.0
    """This long since the first event that no call has seen."""
    max_events: Events = 20
    """This many events that no call has seen."""
    min_interval_s: SecondsOrZero = 2.0
    """The least time between two calls for one shopper."""
    max_calls_per_hour: Calls = 360
    """The most calls for one shopper; a quarter of them may come at once, the others evenly spaced. Few people come
    near it: it is meant for bots."""
    urgent: Annotated[tuple[Action, ...], Words] = ("cart_add", "checkout", "purchase", "search")
    """Actions that make a session due at once, once the least time has passed."""
    overtaken: Annotated[float, Field(ge=0, le=1), unit("share")] = 0.0
    """In the place of debounce_s: a call waits while the next event would come before its answer with this probability
    or a greater one, as the shop's rhythm and the shopper's own tell; it needs learning.enabled. 0: debounce_s."""
    answer_s: Seconds = 1.0
    """How long an answer takes, about, for triggers.overtaken."""

    @field_validator("max_wait_s")
    @classmethod
    def beyond_debounce(cls, wait: float, info: ValidationInfo) -> float:
        """Otherwise the debounce would never be reached."""
        if wait < info.data.get("debounce_s", wait):
            raise ValueError(f"must be at least triggers.debounce_s, which is {info.data['debounce_s']}")
        return wait


Rhythm = Callable[[Session], float | None]
"""For how long a session is to be quiet before it is due; None: as the rules say."""


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


def due_s(owed: Unsummarised, rested_s: float | None, rules: TriggerRules, quiet_s: float | None = None) -> float:
    """When the session is due; `rested_s` is from when its shopper may be called again, if there was a call; `quiet_s`
    goes in the place of the usual quiet time."""
    quiet_s = rules.debounce_s if quiet_s is None else quiet_s
    due = min(owed.last_s + quiet_s, owed.first_s + rules.max_wait_s)
    if owed.urgent_s is not None:
        due = min(due, owed.urgent_s)
    if owed.events >= rules.max_events:
        due = owed.first_s
    return due if rested_s is None else max(due, rested_s)


def rested_s(called_s: float, paid_s: float, rules: TriggerRules) -> float:
    """From when a shopper may be called again whose last call began at `called_s`; `paid_s` as `pay` told then."""
    return max(called_s + rules.min_interval_s, paid_s - BURST_S)


def pay(paid_s: float, now_s: float, rules: TriggerRules) -> float:
    """Until when a shopper's calls are paid for, with the one that begins now: each takes its part of an hour."""
    return max(paid_s, now_s) + HOUR_S / rules.max_calls_per_hour
