"""Switches: what operators throw is obeyed, stays while Redis is away, and is put back."""

import asyncio
from collections.abc import Callable

import pytest

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Arm, Experiment
from agents.experiments.outcomes import Outcomes
from agents.fleet.switches import Name, Switches, SwitchState, SwitchValue, checked, load
from agents.worker.asking import Question
from agents.worker.build import everybody_alone
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.partition import Partition
from agents.worker.reasoning import Reasoning
from agents.worker.routes import ExperimentRouter, Route, Router
from agents.worker.shoppers import Shopper
from agents.worker.switched import PinnedReasoning, SwitchedRouter
from clients.calls import Completion, Sampling
from prompts.library import DEFAULT_PROMPTS
from storage.freezable import FreezableStore
from streams.errors import SettingInvalid, StoreUnavailable
from streams.records.intents import IntentRules, Waits
from streams.sessions.session import SessionRules
from tests.agents.desk import desk
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.store import MemoryStore


def thrown(name: Name, value: str = "on") -> Switches:
    return Switches({name: SwitchValue(value, "ada@desk", 1)})


def switched(switch_state: SwitchState) -> Callable[[Route], Router]:
    return lambda everybody: SwitchedRouter(everybody_alone(everybody), everybody, switch_state)


def test_rules_only_calls_nobody_and_keeps_everybody_served() -> None:
    """Until it is put back; then the model is asked again."""

    async def main() -> None:
        switch_state, model = SwitchState(), ScriptedModel()
        async with desk(model, router=switched(switch_state)) as at:
            switch_state.now = thrown("rules_only")
            at.view("ada")
            await asyncio.sleep(2.0)
            assert at.latest()["ada"].source == "rules"
            assert not model.calls
            switch_state.now = Switches()
            at.view("ada")
            await asyncio.sleep(2.0)
            assert len(model.calls) == 1

    virtually(main)


def test_rules_only_makes_no_intent_of_who_is_held_out() -> None:
    """Neither the model's nor the rules': their experiment measures what intents are worth."""
    held_out = Experiment("x", (Arm("none", 50.0, kind="holdout"),))
    active, switch_state, names = ActiveExperiments([held_out]), SwitchState(), [f"s{number}" for number in range(20)]
    active.learn({})
    withheld = [name for name in names if active.assign(name).withheld]
    assert 0 < len(withheld) < len(names)

    def router(everybody: Route) -> Router:
        experiments = ExperimentRouter(everybody, {}, {}, active, Outcomes())
        return SwitchedRouter(experiments, everybody, switch_state)

    async def main() -> None:
        async with desk(ScriptedModel(), router=router) as at:
            switch_state.now = thrown("rules_only")
            for name in names:
                at.view(name)
            await asyncio.sleep(2.0)
            assert [name for name in names if at.store.intent(name) is None] == withheld
            assert all(at.shoppers[name].clean for name in withheld)

    virtually(main)


def test_a_rate_is_the_whole_fleets() -> None:
    """Eight calls a second among four workers are two of each; nobody is forgotten, and nothing holds at no rate."""

    async def main() -> None:
        switch_state, model = SwitchState(), ScriptedModel()
        switch_state.now, switch_state.workers = thrown("calls_per_second", "8"), 4
        async with desk(model, router=switched(switch_state)) as at:
            for number in range(30):
                at.view(f"shopper-{number}")
            await asyncio.sleep(5.0)
            assert 9 <= len(model.calls) <= 12
            switch_state.now = thrown("calls_per_second", "0")
            await asyncio.sleep(5.0)
            held = len(model.calls)
            await asyncio.sleep(5.0)
            assert len(model.calls) == held
            switch_state.now = Switches()
            await asyncio.sleep(5.0)
            assert len(model.calls) == 30

    virtually(main)


ANSWER = '{"m":"other","t":"Wants something","c":[],"b":[],"a":{},"s":{},"k":7,"e":[1]}'
SHOPPERS = 10_100


def asking(version: str) -> Reasoning:
    return Reasoning(version, DEFAULT_PROMPTS, Sampling())


def checkpoint(name: str) -> tuple[Shopper, Checkpoint]:
    shopper = Shopper(name, Partition(0, 1, 0.0))
    return shopper, Checkpoints("w", IntentRules(), SessionRules(), lambda: 0, lineage=0).take(shopper)


def version_of(question: Question) -> str:
    """What the intent says that was asked, however it comes to be."""
    said = {
        question.call(1.0).prompt_version,
        question.compose(question.read(Completion(ANSWER, "m", "e")), Waits(), 0).prompt_version,
        question.compose(None, Waits(), 0).prompt_version,
    }
    (version,) = said
    return version


def test_a_pinned_prompt_is_asked_and_read_as_it_was_asked() -> None:
    """A pin that comes while calls are under way changes the next ones, of the same shopper too, and none of those
    however many they are; a version that is not known here changes none."""
    switch_state = SwitchState()
    pinned = PinnedReasoning(asking("v1"), {"v2": asking("v2")}.get, switch_state)
    shopper, ours = checkpoint("ada")
    under_way = [pinned.ask(shopper.session, ours)]
    switch_state.now = thrown("prompt_version", "v2")
    under_way += [pinned.ask(shopper.session, ours)]
    under_way += [pinned.ask(shopper.session, checkpoint(f"s{number}")[1]) for number in range(SHOPPERS)]
    switch_state.now = thrown("prompt_version", "unknown")
    under_way += [pinned.ask(shopper.session, ours)]
    assert version_of(under_way[0]) == version_of(under_way[-1]) == "v1"
    assert {version_of(question) for question in (*under_way[1:3], *under_way[-3:-1])} == {"v2"}


async def test_frozen_writes_wait() -> None:
    """Reading goes on; whoever writes, or asks whether the store is well, hears who froze it."""
    switch_state, store = SwitchState(), MemoryStore(lambda: 0)
    frozen = FreezableStore(store, lambda: switch_state.now.set_by("freeze_writes") or None)
    await frozen.write([])
    switch_state.now = thrown("freeze_writes")
    for refused in (frozen.write([]), frozen.owe(0, ["a"]), frozen.settle(0, ["a"]), frozen.incarnation()):
        with pytest.raises(StoreUnavailable, match="frozen by ada@desk"):
            await refused
    assert await frozen.load(["ada"]) == [None]
    switch_state.now = Switches()
    assert await frozen.incarnation()


def test_switches_of_a_later_version_are_left_alone() -> None:
    """A worker obeys what it knows."""
    told = SwitchValue("on", "ada@desk", 5)
    assert load({"pause": told.dump(), "warp": told.dump()}) == Switches({"pause": told})


@pytest.mark.parametrize(
    ("name", "value"), [("share_replay", "1.5"), ("share_replay", "half"), ("calls_per_second", "-1")]
)
def test_a_value_that_cannot_be_is_refused(name: Name, value: str) -> None:
    """The message says what may be."""
    with pytest.raises(SettingInvalid, match=r"(?s)remedy: give a "):
        checked(name, value)
