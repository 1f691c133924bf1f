"""Snapshot: all that the console knows of the fleet at one moment. Immutable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from agents.fleet.switches import Name, SwitchValue
from penchant.console.history import Point
from penchant.console.samples import Samples
from penchant.operations.control import FleetStatus


class Change(NamedTuple):
    """What happened, in a few words, at a time in epoch milliseconds; `of` the fleet by itself, or what people decided,
    which the activity log has too."""

    at_ms: int
    kind: Literal["bad", "calm"]
    words: str
    of: Literal["fleet", "people"] = "fleet"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`serial` counts looks. `fleet` is what `penchant control status` shows, as it was known last; `away` says why
    Redis does not tell now, and `heard_ms` when it last did. `samples` are those workers' metrics that could be
    read. Times are epoch milliseconds."""

    serial: int = 0
    at_ms: int = 0
    heard_ms: int = 0
    away: str | None = None
    fleet: FleetStatus | None = None
    samples: Mapping[str, Samples] = field(default_factory=dict)
    points: Sequence[Point] = ()
    changes: Sequence[Change] = ()

    @property
    def now(self) -> Point:
        """The latest figures."""
        return self.points[-1] if self.points else Point(self.at_ms)

    @property
    def workers(self) -> Mapping[str, Mapping[str, Any]]:
        """The last heartbeat of each worker that is alive."""
        return self.fleet.workers if self.fleet is not None else {}

    @property
    def switches(self) -> Mapping[Name, SwitchValue]:
        """Those in force, by name."""
        return self.fleet.switches.thrown if self.fleet is not None else {}

    def total(self, name: str, **labels: str) -> float | None:
        """A metric summed over the workers that could be read; None when nobody tells it."""
        found = [value for each in self.samples.values() if (value := each.total(name, **labels)) is not None]
        return sum(found) if found else None
