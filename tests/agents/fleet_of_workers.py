"""A fleet: workers that share a control hash and try an arm, each with a dispatch and shoppers of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Experiment
from agents.experiments.outcomes import ArmKey, Outcomes
from agents.fleet.judge import ExperimentJudge, ExperimentNotice
from agents.fleet.switches import SwitchState
from agents.fleet.sync import FleetSync
from agents.health.statistics import Meter
from agents.worker.asking import Asking, CallRules
from agents.worker.routes import ExperimentRouter, Route
from storage.fleet import FleetStore
from tests.agents.desk import EPOCH_MS, Desk, desk
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.simulation.reason import Reason

QUICK = Turn(delay_s=0.05)
FAILS = Turn(delay_s=0.05, fault="failure")
ANSWERS = CallRules(give_up_s=60.0)


class Canary:
    """An arm's model that does as it is told from some time on; `last_s` is when it was last called."""

    def __init__(self) -> None:
        self.turn = QUICK
        self.last_s = 0.0

    def model(self) -> ScriptedModel:
        """One worker's client of it."""
        return ScriptedModel(self._turn, name="canary")

    def _turn(self, _: object) -> Turn:
        self.last_s = asyncio.get_running_loop().time()
        return self.turn


@dataclass
class Member:
    """One worker of the fleet."""

    desk: Desk
    active_experiments: ActiveExperiments
    sync: FleetSync
    outcomes: Outcomes
    notices: list[ExperimentNotice] = field(default_factory=list)

    @property
    def back(self) -> bool:
        """Whether it has taken its shoppers out of all arms."""
        return not self.active_experiments.running

    async def shop(self, name: str, every_s: float) -> None:
        """New shoppers, one after the other."""
        number = 0
        while True:
            number += 1
            self.desk.view(f"{name}-{number}")
            await asyncio.sleep(every_s)


def epoch_ms() -> int:
    """The wall clock of these workers."""
    return EPOCH_MS + int(asyncio.get_running_loop().time() * 1e3)


@asynccontextmanager
async def fleet(
    stores: Sequence[FleetStore], experiment: Experiment, arm: ArmKey, canary: Canary, *, every_s: float = 0.05
) -> AsyncIterator[list[Member]]:
    """Workers that run, one for each connection to the control hash, and shoppers who come to each."""
    members = []
    async with AsyncExitStack() as stack:
        for number, store in enumerate(stores):
            member = await stack.enter_async_context(_member(f"w{number}", store, experiment, arm, canary))
            members.append(member)
        running = [asyncio.ensure_future(member.sync.run()) for member in members]
        running += [asyncio.ensure_future(member.shop(f"s{number}", every_s)) for number, member in enumerate(members)]
        try:
            yield members
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


@asynccontextmanager
async def _member(
    name: str, store: FleetStore, experiment: Experiment, arm: ArmKey, canary: Canary
) -> AsyncIterator[Member]:
    active_experiments, outcomes, notices = ActiveExperiments([experiment]), Outcomes(), list[ExperimentNotice]()
    judge = ExperimentJudge(active_experiments, outcomes, name, notices.append)
    sync = FleetSync(store, judge, SwitchState(), dict, epoch_ms)
    await sync.look()
    own = Route(Reason(), Asking(ANSWERS, Meter()), UnlimitedSlots(canary.model()))

    def router(everybody: Route) -> ExperimentRouter:
        return ExperimentRouter(everybody, {arm: own}, {}, active_experiments, outcomes)

    async with desk(ScriptedModel(lambda _: QUICK), rules=ANSWERS, router=router) as at:
        yield Member(at, active_experiments, sync, outcomes, notices)
