"""Canary: an arm of an experiment before a model of its own, and the watch that rolls it back. In virtual time."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Arm, Experiment
from agents.experiments.outcomes import Outcomes
from agents.fleet.judge import ExperimentJudge, ExperimentNotice
from agents.fleet.switches import SwitchState
from agents.fleet.sync import FleetSync
from agents.health.statistics import Meter
from agents.worker.asking import Asking
from agents.worker.routes import ExperimentRouter, Route, Router
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from penchant.offline.whatif.arrivals import EPOCH_MS
from penchant.settings.root import Settings
from sandbox.gpu.simulated_model import answer
from sandbox.servers.fleet import MemoryFleet
from sandbox.servers.gpu_server import GpuServer

EXPERIMENT = Experiment("new-model", (Arm("canary", 0.0, pool="canary"),))
PROSE = "Certainly! Here is what I think this shopper is after: something nice."
"""What a model says that was never tuned to our form."""


class Babble:
    """Answers every other call in prose."""

    def __init__(self) -> None:
        self._numbers = count()

    def __call__(self, prompt: str) -> str:
        return PROSE if next(self._numbers) % 2 else answer(prompt)


class Canary:
    """Nobody is in the arm until it is released. `notices` are what operators are told."""

    def __init__(self, server: GpuServer, now_s: Callable[[], float]) -> None:
        self.active_experiments, self.outcomes = ActiveExperiments([EXPERIMENT]), Outcomes()
        self.notices: list[ExperimentNotice] = []
        judge = ExperimentJudge(self.active_experiments, self.outcomes, "bench", self.notices.append)
        self.sync = FleetSync(MemoryFleet(now_s), judge, SwitchState(), dict, lambda: EPOCH_MS + int(now_s() * 1e3))
        pool = Pool("canary", (Endpoint(url=f"http://{server.name}"),))
        self.pools = PooledClient([pool], lambda _: server)

    def router(self, everybody: Route) -> Router:
        """The arm's route beside everybody's."""
        settings = Settings()
        asking = Asking(settings.calls, Meter())
        route = Route(everybody.reasoning, asking, self.pools.slots("live", settings.prompt.version))
        return ExperimentRouter(
            everybody, {(EXPERIMENT.name, "canary"): route}, {}, self.active_experiments, self.outcomes
        )

    def release(self, percent: float) -> None:
        """To so many of the shoppers."""
        arm = replace(EXPERIMENT.arms[0], percent=percent)
        self.active_experiments.take_up([replace(EXPERIMENT, arms=(arm,))])
