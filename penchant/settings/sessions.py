"""Settings between event and call: the session window, when it is due, and how much may wait."""

from typing import Annotated

from pydantic import ValidationInfo, field_validator

from penchant.settings.section import (
    Bytes,
    Calls,
    Events,
    Offsets,
    Rows,
    Seconds,
    SecondsOrZero,
    Section,
    Sessions,
    Words,
)
from streams.events.event import Action
from streams.sessions.session import ROWS_PER_EVENT


class Session(Section):
    """The window of one shopper's events."""

    gap_s: Seconds = 1_800.0
    """A session ends when its shopper does nothing for this long (event time)."""
    high_rows: Rows = 60
    """The most lines of history (events, or items of one event) that a session holds; one more drops the oldest."""
    low_rows: Rows = 36
    """How many are left after such a drop: dropping a chunk at once keeps the model's prefix cache warm for longer."""
    future_skew_s: SecondsOrZero = 60.0
    """An event time further than this beyond its record's own timestamp is cut to it."""

    @field_validator("low_rows")
    @classmethod
    def below_high(cls, low: int, info: ValidationInfo) -> int:
        """A drop must drop something, and it drops whole events."""
        high = info.data.get("high_rows", low + ROWS_PER_EVENT)
        if low > high - ROWS_PER_EVENT:
            raise ValueError(f"must be at least {ROWS_PER_EVENT} below session.high_rows, which is {high}")
        return low


class Triggers(Section):
    """When a session is due for a call: the first that holds."""

    debounce_s: SecondsOrZero = 1.0
    """A quiet time this long since the last event."""
    max_wait_s: Seconds = 3.0
    """This long since the first event that no call has seen."""
    max_events: Events = 20
    """This many events that no call has seen."""
    min_interval_s: SecondsOrZero = 2.0
    """The least time between two calls for one shopper."""
    max_calls_per_hour: Calls = 360
    """The most calls for one shopper; a quarter of them may come at once, the others evenly spaced. Few people come
    near it; it is for those who are none."""
    urgent: Annotated[tuple[Action, ...], Words] = ("cart_add", "checkout", "purchase", "search")
    """Actions that make a session due at once, once the least time has passed."""

    @field_validator("max_wait_s")
    @classmethod
    def beyond_debounce(cls, wait: float, info: ValidationInfo) -> float:
        """Otherwise the debounce would never be reached."""
        if wait < info.data.get("debounce_s", wait):
            raise ValueError(f"must be at least triggers.debounce_s, which is {info.data['debounce_s']}")
        return wait


class Backlog(Section):
    """How much may wait for the model, and what is late."""

    max_sessions: Sessions = 1_000_000
    """The most sessions in memory, on one worker; beyond it partitions pause."""
    max_bytes: Bytes = 1_073_741_824
    """The most memory that sessions may take; beyond it partitions pause."""
    max_span: Offsets = 200_000
    """The most offsets between a partition's first uncovered event and its newest; at half of it the oldest
    session is parked."""
    park_after_s: Seconds = 5.0
    """The oldest session is parked, still owed a call, when its first uncovered event is older than this."""
    freshness_target_s: Seconds = 5.0
    """How soon after its first unseen event an intent should stand in Redis; later ones fall into the late class."""
    urgent_target_s: Seconds = 2.0
    """The same after an urgent action."""
