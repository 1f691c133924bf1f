"""Words: what one metric is."""

from dataclasses import dataclass
from typing import Generic, Literal

from agents.worker.instruments import Instruments
from penchant.telemetry.metrics.readings import Reading, Source

PREFIX = "penchant_"


@dataclass(frozen=True, slots=True)
class Metric(Generic[Source]):
    """`meaning` is what it says, `action` what an operator does when it moves. `name` is without prefix and suffix."""

    kind: Literal["counter", "gauge", "histogram"]
    name: str
    meaning: str
    action: str
    read: Reading[Source]
    labels: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The name of its family."""
        return f"{PREFIX}{self.name}"

    @property
    def full_name(self) -> str:
        """As Prometheus knows it."""
        return f"{self.family}{'_total' if self.kind == 'counter' else ''}"


WorkerMetric = Metric[Instruments]
"""A worker's."""
