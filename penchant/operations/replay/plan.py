"""Plan: what to replay, and to where."""

from dataclasses import dataclass
from pathlib import Path

from streams.kafka.moments import Moment

PER_SERVER = 4
"""Calls that a replay has in flight at each model server: beside more, live intents come later by more than a twentieth
(docs/performance.md)."""


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What to replay, and to where: into `namespace`, or over the live keys in `generation`. Of a `file` all is.

    The rules use the snapshot `learned` from beginning to end: the one in force where it is None, none where it is
    empty. At each model server it has `per_server` calls in flight at the most.
    """

    begin: Moment
    end: Moment
    namespace: str | None = None
    generation: int = 0
    file: Path | None = None
    per_server: int = PER_SERVER
    learned: str | None = None

    @property
    def name(self) -> str:
        """Tells this plan from others, so that a crashed one goes on and another begins anew."""
        return f"{self.begin} {self.end} {self.file or ''}"
