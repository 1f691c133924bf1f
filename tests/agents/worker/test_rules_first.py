"""While a slow model is at its answer the rules' intent is shown, where the call stands, and never in its way."""

import asyncio

import pytest

from agents.worker.asking import CallRules
from agents.worker.rules_first import SHARE, YOUNG_S, answered, shown, tells_news
from clients.calls import Call
from streams.errors import LineageMismatch
from streams.records.intents import Intent, Mission, Stage, Weighted, Window
from tests.agents.desk import Desk, desk
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn

SLOW_S, QUICK_S = 5.0, 0.1
RULES = CallRules(soft_deadline_s=2.0)


class Model(ScriptedModel):
    """Quick for those whose names begin with `q`; `ending` is how slow calls end."""

    def __init__(self, ending: Turn | None = None) -> None:
        self._ending = ending or Turn(delay_s=SLOW_S)
        super().__init__(self._turn)

    def _turn(self, call: Call) -> Turn:
        return Turn(delay_s=QUICK_S) if call.shopper.startswith("q") else self._ending


async def earned(at: Desk, calls: int = 5) -> None:
    """So many quick calls are made, which allow for a fifth as many writes."""
    for number in range(calls):
        at.view(f"q{at.meter.calls}-{number}")
    await asyncio.sleep(1.0)


def source(at: Desk, name: str) -> str | None:
    """Who made the intent that is stored."""
    intent = at.store.intent(name)
    return intent.source if intent else None


def test_the_rules_are_shown_until_the_model_has_answered() -> None:
    """After the soft deadline, at the position of the call; its answer replaces them there."""

    async def main() -> None:
        async with desk(Model(), rules=RULES) as at:
            await earned(at)
            at.view("ada")
            await asyncio.sleep(1.5)
            assert source(at, "ada") is None
            await asyncio.sleep(1.0)
            first = at.store.intent("ada")
            assert first is not None
            assert first.source == "rules"
            assert not at.meter.rules_intents + at.meter.rules_first
            await asyncio.sleep(SLOW_S)
            last = at.store.intent("ada")
            assert last is not None
            assert (last.source, last.position) == ("model", first.position)
            assert (at.meter.rules_first, at.meter.rules_intents, at.meter.intents) == (1, 0, 6)
            assert len(at.meter.freshness_ms) == len(at.meter.model_freshness_ms) == 6
            assert max(at.meter.freshness_ms) == pytest.approx(2_000, abs=200)
            assert max(at.meter.model_freshness_ms) == pytest.approx(5_000, abs=200)

    virtually(main)


def test_what_an_earlier_owner_read_is_as_old_as_its_session() -> None:
    """Its append is not known here. An upgrade that was given up leaves it so, and the next event asks for a call."""

    async def main() -> None:
        async with desk(Model(), rules=RULES) as at:
            await earned(at)
            at.view("ada")
            owed = at.shoppers["ada"].owed
            assert owed is not None
            owed.appended_ms = 0
            await asyncio.sleep(2.5)
            assert source(at, "ada") == "rules"
            assert max(at.meter.freshness_ms) == pytest.approx(2_000, abs=200)

    virtually(main)


def test_what_happens_meanwhile_is_not_in_it() -> None:
    """Events after the call began belong to the next call: an intent above the answer would hide it."""

    async def main() -> None:
        async with desk(Model(), rules=RULES) as at:
            await earned(at)
            at.view("ada")
            await asyncio.sleep(1.0)
            position = f"0:{at.offset}:0"
            at.view("ada")
            await asyncio.sleep(1.5)
            first = at.store.intent("ada")
            assert first is not None
            assert (first.source, first.position) == ("rules", position)
            await asyncio.sleep(SLOW_S - 2.0)
            last = at.store.intent("ada")
            assert last is not None
            assert (last.source, last.position) == ("model", position)

    virtually(main)


def test_a_quick_answer_needs_no_rules() -> None:
    """Nothing is written before it."""

    async def main() -> None:
        async with desk(Model(), rules=RULES) as at:
            await earned(at, 40)
            assert at.meter.rules_shown == 0
            assert at.meter.intents == 40

    virtually(main)


def test_few_are_shown_beside_all_calls() -> None:
    """One in five, however slow the model is: at most 1.2 writes a call."""

    async def main() -> None:
        async with desk(Model(), rules=RULES) as at:
            for number in range(100):
                at.view(f"s{number}")
            await asyncio.sleep(20.0)
            meter = at.meter
            assert meter.calls == meter.intents == 100
            assert meter.rules_first == meter.rules_shown == SHARE * 100

    virtually(main)


@pytest.mark.parametrize(
    "ending", [Turn(("no intent",), SLOW_S), Turn((), SLOW_S, "failure")], ids=["refused", "failed"]
)
def test_they_stay_when_the_model_has_no_answer(ending: Turn) -> None:
    """What stays the rules' is counted as theirs, once, and as fresh as it was when it was first shown."""

    async def main() -> None:
        rules = CallRules(soft_deadline_s=2.0, max_attempts=1, give_up_s=1.0, backoff_s=60.0, max_backoff_s=60.0)
        async with desk(Model(ending), rules=rules) as at:
            await earned(at)
            at.view("ada")
            await asyncio.sleep(SLOW_S + 1.0)
            assert source(at, "ada") == "rules"
            assert (at.meter.rules_intents, at.meter.rules_first, at.meter.intents) == (1, 0, 6)
            assert max(at.meter.freshness_ms) == pytest.approx(2_000, abs=200)
            assert len(at.meter.model_freshness_ms) == 5

    virtually(main)


def test_who_goes_meanwhile_is_shown_nothing() -> None:
    """A call that is cancelled is cancelled on the server too, and leaves no task behind."""

    async def main() -> None:
        model = Model()
        async with desk(model, rules=RULES) as at:
            await earned(at)
            at.view("ada")
            await asyncio.sleep(1.0)
            at.partition.ended = True
            at.dispatch.abandon(at.partition)
            await asyncio.sleep(SLOW_S)
            assert source(at, "ada") is None
            assert at.meter.rules_shown == 0
            names = [task.get_name() for task in asyncio.all_tasks()]
            await asyncio.sleep(SLOW_S)
            assert [task.get_name() for task in asyncio.all_tasks()] == names

    virtually(main)


@pytest.mark.parametrize("cancelled", [False, True], ids=["answered", "cancelled"])
def test_a_write_beside_the_call_has_ended_before_it(*, cancelled: bool) -> None:
    """An answer waits for the rules' intent, which would otherwise be written over it; who is cancelled writes none."""
    said: list[str] = []

    async def ask() -> None:
        await asyncio.sleep(3.0)
        said.append("answer")

    async def show() -> None:
        await asyncio.sleep(2.0)
        said.append("shown")

    async def main() -> None:
        task = asyncio.create_task(answered(ask, 2.0, show))
        await asyncio.sleep(2.5)
        if cancelled:
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() == cancelled
        await asyncio.sleep(9.0)
        assert said == ([] if cancelled else ["answer", "shown"])

    virtually(main)


def test_a_write_that_failed_hides_no_cancellation() -> None:
    """The topic turns out to be another one, and then the worker gives the call up: the task ends by that."""

    async def show() -> None:
        raise LineageMismatch("another topic")

    async def main() -> None:
        task = asyncio.create_task(answered(lambda: asyncio.sleep(3.0), 2.0, show))
        await asyncio.sleep(2.5)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    virtually(main)


def intent(category: str = "kettles", stage: Stage = "explore", from_ms: int = 0, *, by_rules: bool = False) -> Intent:
    """An intent of a session."""
    return Intent(
        mission=Mission(label="other"),
        stage=stage,
        categories=(Weighted(name=category, weight=1.0),),
        shopper="ada",
        window=Window(from_ms=from_ms, to_ms=1, events=1),
        as_of_ms=1,
        written_at_ms=1,
        source="rules" if by_rules else "model",
        position="0:1:0",
    )


@pytest.mark.parametrize(
    ("rules_intent", "later_s", "told"),
    [
        (intent(by_rules=True), 1.0, False),
        (intent(by_rules=True), YOUNG_S, True),
        (intent("toasters", by_rules=True), 1.0, True),
        (intent(stage="cart", by_rules=True), 1.0, True),
        (intent(from_ms=5, by_rules=True), 1.0, True),
    ],
)
def test_a_young_intent_of_the_model_is_left_standing(rules_intent: Intent, later_s: float, *, told: bool) -> None:
    """Unless the shopper has turned to something else, or it is of an earlier session."""
    assert tells_news(rules_intent, shown(intent(), 100.0), 100.0 + later_s) == told
    assert tells_news(rules_intent, None, 100.0)
    assert shown(rules_intent, 100.0) is None
