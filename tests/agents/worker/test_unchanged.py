"""Calls are left out while the rules say what they said at the last one: the session is stored, the intent stays."""

import asyncio

import pytest

from agents.worker.asked import Said
from agents.worker.asking import CallRules
from tests.agents.desk import Desk, Gate, desk
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn

RULES = CallRules(unchanged_for_s=60.0)


async def looks(at: Desk, *names: str) -> None:
    """Each looks at the same kettle, and all that follows is done."""
    for name in names:
        at.view(name)
    await asyncio.sleep(1.0)


def test_the_session_is_stored_and_the_intent_stays() -> None:
    """Nothing is owed then, and no slot is held; another look after a while is asked about again."""

    async def main() -> None:
        model = ScriptedModel(lambda _: Turn(delay_s=0.1))
        gate = Gate(model, slot_count=1)
        async with desk(model, gate, rules=RULES) as at:
            await looks(at, "ada")
            first = at.store.intent("ada")
            await looks(at, "ada")
            assert first is not None
            assert at.store.intent("ada") == first
            assert (at.meter.calls, at.meter.calls_left_out, at.meter.intents) == (1, 1, 1)
            shopper = at.shoppers["ada"]
            assert shopper.session.durable == at.offset == 2
            assert shopper.clean
            assert not gate.held
            await asyncio.sleep(60.0)
            await looks(at, "ada")
            assert at.meter.calls == 2

    virtually(main)


def test_what_the_rules_did_not_say_before_is_asked_about() -> None:
    """So is one of whom that is not known, and everything where the setting is 0."""

    async def main() -> None:
        model = ScriptedModel(lambda _: Turn(delay_s=0.1))
        async with desk(model, rules=RULES) as at:
            await looks(at, "ada", "ben")
            asked = at.shoppers["ada"].asked
            assert asked is not None
            at.shoppers["ada"].asked = asked._replace(by_rules=Said(("cart", *asked.by_rules.names[1:]), None))
            at.shoppers["ben"].asked = None
            await looks(at, "ada", "ben")
            assert (at.meter.calls, at.meter.calls_left_out) == (4, 0)
        async with desk(model, rules=CallRules()) as at:
            await looks(at, "ada")
            await looks(at, "ada")
            assert (at.meter.calls, at.meter.calls_left_out) == (2, 0)
            assert at.shoppers["ada"].asked is None

    virtually(main)


def test_a_packed_session_is_not_asked_about_anew() -> None:
    """What was said is kept beside it, and counts as memory."""

    async def main() -> None:
        async with desk(ScriptedModel(lambda _: Turn(delay_s=0.1)), rules=RULES) as at:
            await looks(at, "ada")
            shopper = at.shoppers["ada"]
            shopper.pack()
            whole, shopper.asked, asked = shopper.size_bytes, None, shopper.asked
            assert whole > shopper.size_bytes
            shopper.asked = asked
            await looks(at, "ada")
            assert (at.meter.calls, at.meter.calls_left_out) == (1, 1)

    virtually(main)


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ((10.0, 20.0), (10.0, 20.0), True),
        ((10.0, 20.0), (11.9, 23.0), True),
        ((10.0, 20.0), (13.0, 20.0), False),
        ((10.0, 20.0), None, False),
        (None, None, True),
        ((0.0, 0.0), (0.0, 5.0), False),
    ],
)
def test_a_price_band_may_move_by_a_fifth(
    one: tuple[float, float] | None, other: tuple[float, float] | None, *, agree: bool
) -> None:
    """Either way, and no name may be another."""
    names = ("explore", "other", "home/kettles", "Tarn")
    assert Said(names, one).agrees(Said(names, other)) == Said(names, other).agrees(Said(names, one)) == agree
    assert not Said(names, one).agrees(Said(("cart", *names[1:]), one))


def test_some_are_made_to_check() -> None:
    """About one in fifty; where the model says the same as before, none was wrong."""

    async def main() -> None:
        async with desk(ScriptedModel(lambda _: Turn(delay_s=0.1)), rules=RULES) as at:
            names = [f"s{number}" for number in range(400)]
            await looks(at, *names)
            await looks(at, *names)
            meter = at.meter
            assert meter.calls_left_out + meter.left_out_checked == len(names)
            assert 1 <= meter.left_out_checked <= 24
            assert meter.left_out_wrong == 0

    virtually(main)


def test_what_the_rules_answered_leaves_nothing_out() -> None:
    """The model is asked again, though nothing has changed."""

    async def main() -> None:
        rules = CallRules(unchanged_for_s=60.0, max_attempts=1)
        async with desk(ScriptedModel(lambda _: Turn(("no intent",), 0.1)), rules=rules) as at:
            await looks(at, "ada")
            await looks(at, "ada")
            assert (at.meter.calls, at.meter.calls_left_out) == (2, 0)

    virtually(main)
