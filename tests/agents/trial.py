"""A trial: a desk with an experiment in force, a live model, and one of the arm's own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from msgspec import structs

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Arm, Experiment, assign
from agents.experiments.outcomes import ArmKey, Counts, Outcomes
from agents.health.statistics import Meter
from agents.worker.asking import Asking, CallRules, Reasoner
from agents.worker.checkpoints import Checkpoint
from agents.worker.reasoning import Answered
from agents.worker.routes import ExperimentRouter, Route
from agents.worker.shadow import Shadow
from clients.calls import Completion
from streams.sessions.session import Session
from tests.agents.desk import Desk, Gate, desk
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.simulation.reason import PlainQuestion, Reason

KEY, CONTROL, SHADE = ("x", "new"), ("x", "control"), ("x", "shade")
HALF = Experiment("x", (Arm("new", 50.0),))
HELD_OUT = Experiment("x", (Arm("none", 50.0, kind="holdout"),))
SHADED = Experiment("x", (Arm("shade", 100.0, kind="shadow", pool="other"),))
NAMES = [f"s{number}" for number in range(20)]
RULES = CallRules(give_up_s=60.0)


def inside(tried: Experiment) -> list[str]:
    """Those of NAMES who are treated."""
    return [name for name in NAMES if assign([tried], name).arm]


class Uncited(Reason):
    """Takes every answer for one without evidence."""

    def ask(self, session: Session, checkpoint: Checkpoint) -> "UncitedQuestion":
        return UncitedQuestion(session, checkpoint)


class UncitedQuestion(PlainQuestion):
    def read(self, completion: Completion) -> Answered:
        return structs.replace(super().read(completion), cited=False)


@dataclass
class Trial:
    """A desk with an experiment in force, and what was counted."""

    at: Desk
    active_experiments: ActiveExperiments
    outcomes: Outcomes
    live: ScriptedModel
    own: ScriptedModel

    def counts(self, key: ArmKey) -> Counts:
        """Of one arm, all that was not taken yet."""
        found = {what: count for (whose, what), count in self.outcomes.take().items() if whose == key}
        return Counts.of(found)

    async def view(self, names: Sequence[str], for_s: float = 2.0) -> None:
        """Each of them does something; then time passes."""
        for name in names:
            self.at.view(name)
        await asyncio.sleep(for_s)


@asynccontextmanager
async def trial(
    tried: Experiment,
    own: ScriptedModel,
    slot_count: int | None = None,
    live: ScriptedModel | None = None,
    reasoning: Reasoner | None = None,
) -> AsyncIterator[Trial]:
    """A live model, and one of the arm's own with so many places."""
    active_experiments, outcomes = ActiveExperiments([tried]), Outcomes()
    active_experiments.learn({})
    live = live or ScriptedModel(lambda _: Turn(("live",), 0.1), name="live")
    slots = UnlimitedSlots(own) if slot_count is None else Gate(own, slot_count)
    reasoning = reasoning or Reason()
    route = Route(reasoning, Asking(RULES, Meter()), slots)
    shadow = Shadow(SHADE, Reason(), own, RULES, outcomes, Meter())
    beside = asyncio.ensure_future(shadow.run())

    def router(everybody: Route) -> ExperimentRouter:
        return ExperimentRouter(everybody, {KEY: route}, {SHADE: shadow}, active_experiments, outcomes)

    try:
        async with desk(live, rules=RULES, router=router) as at:
            yield Trial(at, active_experiments, outcomes, live, own)
    finally:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)


def model(*turns: Turn) -> ScriptedModel:
    """Plays these, the last one for ever."""
    left = list(turns)
    return ScriptedModel(lambda _: left.pop(0) if len(left) > 1 else left[0], name="own")
