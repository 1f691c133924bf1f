"""Instruments: what a worker measures itself with. They are there before it starts and after it ends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agents.experiments.outcomes import Outcomes
from agents.fleet.sync import FleetSync
from agents.health.loop_lag import LoopLag
from agents.health.probes import Health
from agents.health.statistics import Meter
from clients.pools.replicas import Replica


@dataclass(slots=True)
class Instruments:
    """Read by the health endpoint from a thread of its own, written by the worker's event loop alone.

    `replicas` tells the model servers once a worker has them, `control` what it hears from the fleet.
    """

    health: Health
    meter: Meter = field(default_factory=Meter)
    loop_lag: LoopLag = field(default_factory=LoopLag)
    replicas: Callable[[], Sequence[Replica]] = tuple
    outcomes: Outcomes = field(default_factory=Outcomes)
    sync: FleetSync | None = None
