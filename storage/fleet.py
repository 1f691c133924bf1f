"""The fleet: what makes a set of workers one. Their heartbeats, what operators and guardrails decided for all of them,
and the experiments' pooled counts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from storage.activity import Activity

ALIVE_S = 10
"""A worker that was not heard of for so long is gone."""


@dataclass(frozen=True, slots=True)
class ExperimentDecision:
    """What was decided on an experiment last: that it is in force (`forward`), or rolled back. Each decision has the
    next serial number; with none yet, an experiment is in force under 0. `definition` is what it was then."""

    serial: int
    state: Literal["forward", "back"]
    who: str
    why: str
    at_ms: int
    definition: str = ""

    @property
    def counted_serial(self) -> int:
        """The serial of the counts that are looked at: once rolled back, of those on which that was done."""
        return self.serial - (self.state == "back")


@dataclass(frozen=True, slots=True)
class PoolSize:
    """How many replicas of a pool all workers go to, 0 for all of them, and which worker has decided so. Each time it
    is said it has a higher serial number; `at_ms` is when, in epoch milliseconds by the store's clock. `bars` are the
    sizes that were too small: each with for how many seconds it is not tried again, and when that ends (epoch ms)."""

    serial: int
    size: int
    who: str
    at_ms: int
    bars: tuple[tuple[int, float, int], ...] = ()


class CountKey(NamedTuple):
    """What is counted: `what` became of the calls of an arm, in the span of time that begins at `bucket_s` (epoch),
    while the experiment had this definition and stood under this serial number; `bucket_s` -1 is all of that time. No
    name holds a colon."""

    experiment: str
    serial: int
    definition: str
    arm: str
    bucket_s: int
    what: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """What all workers share: the switches that were thrown, by name, as they stand; decisions; counts; how many
    replicas of each pool they go to; and how many workers are alive. `at_ms` is the store's own time in epoch
    milliseconds, the same for the whole fleet."""

    switches: Mapping[str, bytes] = field(default_factory=dict)
    decisions: Mapping[str, ExperimentDecision] = field(default_factory=dict)
    counts: Mapping[CountKey, int] = field(default_factory=dict)
    workers: int = 0
    at_ms: int | None = field(default=None, compare=False)
    sizes: Mapping[str, PoolSize] = field(default_factory=dict)


class Heartbeat(NamedTuple):
    """What a worker last said of itself, and how long ago by the store's time."""

    content: bytes
    age_ms: int


class FleetStore(Protocol):
    """The port. Every method raises StoreUnavailable, those that read the control hash StoreCorrupt."""

    async def sync(self, worker: str, heartbeat: bytes, added: Mapping[CountKey, int]) -> Fleet:
        """Say how a worker is, add to counts, and read what all share, in one round trip whose cost does not depend on
        the number of workers. After StoreUnavailable counts may have been added."""

    async def read(self) -> Fleet: ...

    async def heartbeats(self) -> Mapping[str, Heartbeat]:
        """Of the workers that are alive, by name."""

    async def leave(self, worker: str) -> None: ...

    async def throw(self, name: str, value: bytes | None, activity: Activity) -> bool:
        """Set a switch for all, or put it back, and note who did it; returns whether anything changed."""

    async def decide(self, experiment: str, decision: ExperimentDecision) -> bool:
        """Store it and note who did it, unless one with as high a number or a higher one stands already; returns
        whether it was stored."""

    async def resize(self, pool: str, size: PoolSize) -> bool:
        """Store it, unless one with as high a number or a higher one stands already; returns whether it was stored."""

    async def forget(self, counts: Collection[CountKey]) -> None: ...

    async def demand(self, slot: int, calls: int, forget_before: int) -> Mapping[int, int]:
        """Add calls to a slot of time, forget those of earlier ones, and return what all workers made, by slot."""
