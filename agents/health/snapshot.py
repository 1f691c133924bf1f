"""Vitals: what a worker sees of itself at one moment. Immutable, so that other threads may judge and show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Dependency = Literal["kafka", "redis", "model", "dead_letters"]
"""`dead_letters` is the dead-letter topic: Kafka may answer and not take records of it."""


@dataclass(frozen=True, slots=True)
class PartitionVitals:
    """One of our partitions. Counts are offsets; None where it is not known yet.

    `lag` is what was not handed out yet, by position: transaction markers at the end of a topic do not count. `span` is
    what lies between the first uncovered offset and the last received one, `oldest_s` when the first of it arrived.
    `held_s`: when the partition was first seen with this worker; `moved_s`: when the confirmed offset was last seen to
    move.
    """

    topic: str
    number: int
    lag: int | None = None
    span: int = 0
    oldest_s: float | None = None
    committed: int | None = None
    paused: bool = False
    held_s: float | None = None
    moved_s: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Sessions in memory, and about how many bytes they take."""

    hot: int = 0
    packed: int = 0
    size_bytes: int = 0

    @property
    def sessions(self) -> int:
        """All of them."""
        return self.hot + self.packed

    def __add__(self, other: "Held") -> "Held":
        return Held(self.hot + other.hot, self.packed + other.packed, self.size_bytes + other.size_bytes)


@dataclass(frozen=True, slots=True)
class Vitals:
    """All times are seconds on the event loop's clock, which is `time.monotonic()`.

    `at_s` is when this was seen: an old one means that the loop stands still. `polled_s` is when Kafka was last polled.
    `away` names the dependencies that are away, each with the reason. `owed` counts shoppers who wait for a call,
    `letters` the dead letters that wait for their topic. `halted`: operators have paused it. `rebalances` counts how
    often partitions were assigned.
    """

    at_s: float
    polled_s: float
    away: Mapping[Dependency, str] = field(default_factory=dict)
    partitions: tuple[PartitionVitals, ...] = ()
    owed: int = 0
    held: Held = Held()
    letters: int = 0
    halted: bool = False
    rebalances: int = 0
