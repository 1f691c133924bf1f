"""Routes: which model answers for a shopper, what the call counts as, and what the store holds then."""

import asyncio

from agents.experiments.outcomes import Counts
from storage.checkpoints import Context
from storage.fleet import ExperimentDecision
from streams.sessions.positions import Position
from tests.agents.trial import CONTROL, HALF, HELD_OUT, KEY, NAMES, Uncited, inside, model, trial
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn


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
        async with trial(HALF, model(Turn()), slot_count=0) as at:
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
            at.active_experiments.learn({"x": ExperimentDecision(1, "back", "ada", "", 0)})
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
            at.active_experiments.learn({"x": ExperimentDecision(1, "back", "ada", "", 0)})
            await at.view(NAMES, for_s=5.0)
            assert all(at.at.store.intent(name) for name in NAMES)

    virtually(main)
