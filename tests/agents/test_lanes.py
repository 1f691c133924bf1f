"""Lanes: who is asked for whom, what it counts as, and what stands in the store then."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from agents.asking import Asking, CallRules, Reasoner
from agents.checkpoints import Checkpoint
from agents.experiments import Arm, Experiment, assign
from agents.lanes import ArmLanes, Lane
from agents.meter import Meter
from agents.outcomes import ArmKey, Counts, Outcomes
from agents.reasoning import Answered
from agents.shadow import MOST, Shadow
from agents.slots import Unlimited
from agents.trials import Trials
from clients.calls import Completion
from storage.checkpoints import Context
from storage.control import Standing
from streams.positions import Position
from tests.agents.desk import Desk, Gate, desk
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.turns import Turn
from tests.simulation.reason import Reason

KEY, CONTROL, SHADE = ("x", "new"), ("x", "control"), ("x", "shade")
HALF = Experiment("x", (Arm("new", 5_000),))
HELD_OUT = Experiment("x", (Arm("none", 5_000, kind="holdout"),))
SHADED = Experiment("x", (Arm("shade", 10_000, kind="shadow", pool="other"),))
NAMES = [f"s{number}" for number in range(20)]
RULES = CallRules(give_up_s=60.0)


def inside(tried: Experiment) -> list[str]:
    """Those of NAMES who are treated."""
    return [name for name in NAMES if assign([tried], name).arm]


class Uncited(Reason):
    """Takes every answer for one without evidence."""

    def read(self, checkpoint: Checkpoint, completion: Completion) -> Answered:
        return replace(super().read(checkpoint, completion), cited=False)


@dataclass
class Trial:
    """A desk with an experiment in force, and what was counted."""

    at: Desk
    trials: Trials
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
    places: int | None = None,
    live: ScriptedModel | None = None,
    reasoning: Reasoner | None = None,
) -> AsyncIterator[Trial]:
    """A live model, and one of the arm's own with so many places."""
    trials, outcomes = Trials([tried]), Outcomes()
    trials.learn({})
    live = live or ScriptedModel(lambda _: Turn(("live",), 0.1), name="live")
    slots = Unlimited(own) if places is None else Gate(own, places)
    reasoning = reasoning or Reason()
    lane = Lane(reasoning, Asking(reasoning, RULES, Meter()), slots)
    shadow = Shadow(SHADE, Reason(), own, RULES, outcomes)
    beside = asyncio.ensure_future(shadow.run())

    def lanes(everybody: Lane) -> ArmLanes:
        return ArmLanes(everybody, {KEY: lane}, {SHADE: shadow}, trials, outcomes)

    try:
        async with desk(live, rules=RULES, lanes=lanes) as at:
            yield Trial(at, trials, outcomes, live, own)
    finally:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)


def model(*turns: Turn) -> ScriptedModel:
    """Plays these, the last one for ever."""
    left = list(turns)
    return ScriptedModel(lambda _: left.pop(0) if len(left) > 1 else left[0], name="own")


def test_an_arms_shoppers_go_to_its_model_and_their_intents_say_so() -> None:
    """The others are asked about as ever; both are counted, and the arm is in the intent."""

    async def main() -> None:
        async with trial(HALF, model(Turn(("own",), 0.1))) as at:
            await at.view(NAMES)
            assert {call.shopper for call in at.own.calls} == set(inside(HALF))
            for name in NAMES:
                intent = at.at.store.intent(name)
                assert intent is not None
                text = "own" if name in inside(HALF) else "live"
                assert (intent.arm, intent.mission.text) == (f"x/{'new' if text == 'own' else 'control'}", text)
            taken = at.outcomes.take()
            for key, many in ((KEY, len(inside(HALF))), (CONTROL, len(NAMES) - len(inside(HALF)))):
                assert Counts.of({what: n for (whose, what), n in taken.items() if whose == key}).answered == many

    virtually(main)


def test_a_call_that_fails_on_the_arm_is_made_again_by_everybodys_model() -> None:
    """No shopper pays for a bad arm with more than one call; the arm is charged once, the second call not counted."""

    async def main() -> None:
        async with trial(HALF, model(Turn(fault="failure"))) as at:
            await at.view(inside(HALF))
            counts = at.counts(KEY)
            assert (counts.failed, counts.answered) == (len(inside(HALF)), 0)
            for name in inside(HALF):
                intent = at.at.store.intent(name)
                assert intent is not None
                assert (intent.source, intent.arm, intent.mission.text) == ("model", "x/new", "live")

    virtually(main)


def test_an_arm_without_places_holds_nobody_up_for_long() -> None:
    """After five seconds the shopper is served by everybody's model, and the arm is charged with a failure."""

    async def main() -> None:
        async with trial(HALF, model(Turn()), places=0) as at:
            await at.view(inside(HALF)[:3], for_s=4.0)
            assert not at.live.calls
            await asyncio.sleep(3.0)
            assert len(at.live.calls) == 3
            assert not at.own.calls
            assert at.counts(KEY).failed == 3

    virtually(main)


def test_invalid_answers_and_empty_evidence_are_counted() -> None:
    """Every answer that is no intent, and every intent that names no evidence."""

    async def main() -> None:
        async with trial(HALF, model(Turn(("no intent",)), Turn(("no intent",)), Turn()), reasoning=Uncited()) as at:
            one, two, *_ = inside(HALF)
            await at.view([one])
            assert (counts := at.counts(KEY)).invalid == counts.answered == 2
            await at.view([two])
            assert (counts := at.counts(KEY)).empty == counts.valid == 1

    virtually(main)


def test_a_rollback_holds_from_the_next_call_on() -> None:
    """What runs ends where it is; the next call of an arm's shopper is everybody's, and so is the label."""

    async def main() -> None:
        async with trial(HALF, model(Turn(("own",), 1.0))) as at:
            (name, *_) = inside(HALF)
            await at.view([name], for_s=0.5)
            at.trials.learn({"x": Standing(1, "back", "ada", "", 0)})
            await at.view([name], for_s=3.0)
            intent = at.at.store.intent(name)
            assert intent is not None
            assert (intent.arm, intent.mission.text) == ("", "live")
            assert (len(at.own.calls), len(at.live.calls)) == (1, 1)

    virtually(main)


def test_a_holdout_has_a_context_and_no_intent() -> None:
    """Neither the model's nor the rules', while the model is there and while it is not; the position moves on, and
    nothing stays owed."""

    async def main() -> None:
        live = ScriptedModel(lambda _: Turn(("live",), 0.1), name="live")
        async with trial(HELD_OUT, model(Turn()), live=live) as at:
            for away in (False, True):
                live.away = away
                await at.view(NAMES)
                for name in inside(HELD_OUT):
                    assert at.at.store.intent(name) is None
                    (context,) = await at.at.store.load([name])
                    assert isinstance(context, Context)
                    shopper = at.at.shoppers[name]
                    assert context.position == Position(0, shopper.session.folded)
                    assert shopper.clean
            assert {call.shopper for call in live.calls}.isdisjoint(inside(HELD_OUT))
            assert at.outcomes.totals["x", "none"]["withheld"] == 2 * len(inside(HELD_OUT))
            live.away = False
            at.trials.learn({"x": Standing(1, "back", "ada", "", 0)})
            await at.view(NAMES, for_s=5.0)
            assert all(at.at.store.intent(name) for name in NAMES)

    virtually(main)


@pytest.mark.parametrize(
    "turn", [Turn(("shade",), 0.1), Turn(fault="failure"), Turn(delay_s=9e9), Turn(("no intent",))]
)
def test_a_shadow_touches_nothing_live(turn: Turn) -> None:
    """Whatever it does, all that is stored is byte for byte what is stored without it, and as soon."""

    async def stored(tried: Experiment) -> dict[str, dict[str, str]]:
        async with trial(tried, model(turn)) as at:
            for _ in range(3):
                await at.view(NAMES, for_s=1.0)
            assert bool(at.own.calls) == (tried is SHADED)
            assert len(at.live.calls) == 3 * len(NAMES)
            return {name: at.at.store.intent_hash(name) for name in NAMES}

    without = virtually(lambda: stored(Experiment("x", (Arm("shade", 0, kind="shadow", pool="other"),))))
    assert all(without.values())
    assert virtually(lambda: stored(SHADED)) == without


def test_a_shadow_is_counted_and_compared() -> None:
    """Its answers count for itself alone; so many of them name the mission of the live one."""

    async def main() -> None:
        async with trial(SHADED, model(Turn(("shade",), 0.1))) as at:
            await at.view(NAMES[:10])
            counts = at.counts(SHADE)
            assert (counts.answered, counts.agreed, counts.skipped) == (10, 10, 0)

    virtually(main)


def test_a_slow_shadow_is_asked_less() -> None:
    """It has so many calls at once, so many wait, and the rest is skipped; live calls are as many as ever."""

    async def main() -> None:
        async with trial(SHADED, model(Turn(delay_s=9.0))) as at:
            for turn in range(4):
                await at.view([f"{name}-{turn}" for name in NAMES], for_s=0.5)
            assert len(at.live.calls) == 4 * len(NAMES)
            assert len(at.own.running) == MOST
            assert at.counts(SHADE).skipped == 4 * len(NAMES) - 2 * MOST

    virtually(main)


def test_a_shadow_forgets_whom_it_is_told_to() -> None:
    """The call under way is cancelled, on the server too, and none that waits is made."""

    async def main() -> None:
        async with trial(SHADED, model(Turn(delay_s=9.0))) as at:
            for names in (NAMES[:MOST], NAMES[MOST:]):
                await at.view(names, for_s=0.5)
            gone = {NAMES[0], NAMES[-1]}
            running = {call.shopper for call in at.own.running.values()}
            assert len(gone & running) == 1
            for name in gone:
                at.at.dispatch.forget(at.at.shoppers[name])
            await asyncio.sleep(30.0)
            assert {call.shopper for call in at.own.calls} == set(NAMES) - (gone - running)
            assert at.own.cancelled == 1

    virtually(main)
