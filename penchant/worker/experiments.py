"""Experiments of a worker: it builds the routes and shadows of the arms, and watches over them."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Arm
from agents.experiments.outcomes import ArmKey
from agents.fleet.judge import ExperimentJudge, ExperimentNotice
from agents.worker.asking import Asking
from agents.worker.instruments import Instruments
from agents.worker.routes import ExperimentRouter, Route
from agents.worker.shadow import Shadow
from clients.pools.client import PooledClient
from clients.pools.endpoints import Pool
from clients.pools.registry import Notice
from clients.pools.replicas import Replica
from penchant.settings.root import Settings
from penchant.worker.model_side import MakeReasoning, arm_pools
from streams.errors import ModelUnavailable, SettingInvalid

log = structlog.get_logger()

Tell = Callable[[Notice | ExperimentNotice], None]
"""Tells operators."""


@dataclass(frozen=True, slots=True)
class ArmFactory:
    """How the parts of an arm are made: clients of pools, and what is asked by a prompt version and a sampling.
    `owned`: the clients are ours to close."""

    pools: Callable[[tuple[Pool, ...]], PooledClient]
    reasoning: MakeReasoning
    instruments: Instruments
    owned: bool = True


class ExperimentRuntime:
    """The experiments of one worker. `pools` are the arms' own model servers, by pool and model; `run` beside it keeps
    them, and `judge` decides when the fleet was heard. `notify` is told of rollbacks."""

    def __init__(
        self,
        settings: Settings,
        everybody: PooledClient,
        arm_factory: ArmFactory,
        worker: str,
        notify: Tell | None = None,
    ) -> None:
        self._everybody, self._arm_factory = everybody, arm_factory
        self.active_experiments = ActiveExperiments(settings.experiments)
        self.judge = ExperimentJudge(self.active_experiments, arm_factory.instruments.outcomes, worker, notify)
        self.pools: dict[tuple[str | None, str | None], PooledClient] = {}
        self._routes: dict[ArmKey, Route] = {}
        self._shadows: dict[ArmKey, Shadow] = {}
        for experiment in self.active_experiments.experiments:
            for arm in experiment.arms:
                self._add((experiment.name, arm.name), arm, settings)

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """The arms' own model servers, one by one."""
        return tuple(replica for client in self.pools.values() for replica in client.replicas)

    def router(self, everybody: Route) -> ExperimentRouter:
        """The routes of all arms beside everybody's."""
        return ExperimentRouter(
            everybody, self._routes, self._shadows, self.active_experiments, self._arm_factory.instruments.outcomes
        )

    async def begin(self) -> None:
        """Look whether the arms' own servers are what the settings say, ContractMismatch when not. Servers that are
        away stop nothing: everybody's stand in."""
        for client in self.pools.values():
            try:
                await client.probe()
            except ModelUnavailable as error:
                log.warning("arm.away", error=str(error), then="everybody's model stands in")

    async def run(self) -> None:
        """Keep the arms' model servers and ask the shadows, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for client in self.pools.values():
                tasks.create_task(client.run())
            for shadow in self._shadows.values():
                tasks.create_task(shadow.run())

    def check(self, settings: Settings) -> None:
        """SettingInvalid when a running worker cannot take these up."""
        now = {each.name: each.definition for each in settings.experiments}
        before = {each.name: each.definition for each in self.active_experiments.experiments}
        if wrong := sorted(name for name in now if now[name] != before.get(name)):
            raise SettingInvalid(
                f"the experiment {wrong[0]} is new, or has other arms than it had",
                "start the worker again: only percentages and guardrails change while it runs",
            )

    async def take_up(self, settings: Settings) -> None:
        """Go on with these percentages, guardrails and servers."""
        self.active_experiments.take_up(settings.experiments)
        for experiment in self.active_experiments.experiments:
            for arm in experiment.arms:
                client, pools = self.pools.get((arm.pool, arm.model)), arm_pools(settings, arm)
                if client is not None and pools is not None:
                    await client.reconfigure(pools)

    async def close(self) -> None:
        """Close the clients of the arms' own servers."""
        for client in self.pools.values() if self._arm_factory.owned else ():
            await client.close()

    def _add(self, key: ArmKey, arm: Arm, settings: Settings) -> None:
        pools = arm_pools(settings, arm)
        if arm.kind == "holdout" or not arm.calls:
            return
        arm_factory, rules = self._arm_factory, settings.calls
        prompt = arm.prompt_version or settings.prompt.version
        reasoning = arm_factory.reasoning(prompt, arm.sampling(settings.sampling), arm.predictor)
        client = self._everybody
        if pools is not None:
            own = arm.pool, arm.model
            client = self.pools[own] = self.pools.get(own) or arm_factory.pools(pools)
        if arm.kind == "shadow":
            self._shadows[key] = Shadow(
                key, reasoning, client, rules, arm_factory.instruments.outcomes, arm_factory.instruments.meter
            )
        else:
            asking = Asking(rules, arm_factory.instruments.meter, "/".join(key))
            self._routes[key] = Route(reasoning, asking, client.slots("live", reasoning.template.version))


def clock_ms() -> int:
    """The clock on the wall, in epoch milliseconds."""
    return time.time_ns() // 1_000_000
