"""Answer samples: which answers are kept, within which bounds, and that no call waits for it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from agents.health.statistics import Meter
from agents.worker.answer_samples import WAITING, AnswerRules, AnswerSamples, cut, draw
from storage.answers import LONGEST, KeptAnswer
from storage.checkpoints import Context
from streams.errors import StoreUnavailable
from streams.sessions.positions import Position
from tests.agents.errand import Answers, Errand
from tests.clients.virtual import virtually
from tests.fakes.scripted_calls import Turn

SAID = KeptAnswer(0, "0:1:0", "m", "r", "v1", "", "text")
REFUSED = replace(SAID, refused="no-json")
ALL = AnswerRules(share=1.0, most_a_minute=1_000)


def context(shopper: str = "ada") -> Context:
    return Context(shopper, Position(0, 1, 0), 0, "w:1", b"", 7)


def run(
    rules: AnswerRules, lead: Callable[[AnswerSamples, Answers, Meter], Coroutine[Any, Any, None]], **given: Any
) -> None:
    """Samples that run while they are led."""

    async def main() -> None:
        store, meter = Answers(), Meter()
        samples = AnswerSamples(store, rules, lambda: 5, meter, **given)
        running = asyncio.create_task(samples.run())
        await lead(samples, store, meter)
        running.cancel()

    virtually(main)


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        (AnswerRules(), []),
        (AnswerRules(failures=True), [REFUSED]),
        (AnswerRules(share=1.0), [SAID, REFUSED]),
    ],
)
def test_a_share_is_kept_and_failures_where_they_are_wanted(rules: AnswerRules, kept: list[KeptAnswer]) -> None:
    """By default nothing; with the time, and the erasure that the session knew."""

    async def lead(samples: AnswerSamples, store: Answers, _: Meter) -> None:
        samples.offer(context(), SAID)
        samples.offer(context(), REFUSED)
        await asyncio.sleep(1.0)
        assert store.kept == [("ada", 7, replace(each, at_ms=5)) for each in kept]

    run(rules, lead)


def test_the_share_is_about_what_it_says() -> None:
    """And the same answers are drawn again."""
    drawn = [draw(f"shopper-{number}", "0:1:0") for number in range(2_000)]
    assert 0.15 < sum(each < 0.2 for each in drawn) / len(drawn) < 0.25
    assert drawn[7] == draw("shopper-7", "0:1:0")


def test_bounds_hold_and_are_counted() -> None:
    """Of those that wait, and of those that come within a minute."""

    async def lead(samples: AnswerSamples, store: Answers, meter: Meter) -> None:
        for _ in range(WAITING + 5):
            samples.offer(context(), SAID)
        assert meter.answers_unkept == 5
        await asyncio.sleep(1.0)
        for _ in range(40):
            samples.offer(context(), SAID)
            await asyncio.sleep(0.01)
        assert (len(store.kept), meter.answers_unkept) == (80, 29)
        await asyncio.sleep(61.0)
        samples.offer(context(), SAID)
        await asyncio.sleep(1.0)
        assert len(store.kept) == 81

    run(AnswerRules(share=1.0, most_a_minute=80), lead)


def test_a_store_that_is_away_or_frozen_keeps_none_and_ends_nothing() -> None:
    """What was not kept is not tried again; the next one is kept."""
    frozen = [True]

    async def lead(samples: AnswerSamples, store: Answers, meter: Meter) -> None:
        samples.offer(context(), SAID)
        await asyncio.sleep(1.0)
        frozen.clear()
        store.errors = [StoreUnavailable("away"), KeyError("odd")]
        for name in ("ada", "ben", "cleo"):
            samples.offer(context(name), SAID)
        await asyncio.sleep(1.0)
        assert ([who for who, _, _ in store.kept], meter.answers_unkept) == (["cleo"], 3)
        assert meter.faults == {("answers", "KeyError"): 1}

    run(ALL, lead, frozen=lambda: bool(frozen))


def test_what_is_kept_of_an_answer_is_bounded_and_can_be_stored() -> None:
    """Whatever a model writes."""
    assert len(cut("x" * 9_000)) == LONGEST
    assert cut("half \ud83d") == "half ?"


def test_calls_offer_what_they_were_answered() -> None:
    """An answer that was no intent, by its word, and one that was: with model, version and position."""

    async def main() -> None:
        at = Errand()
        running = asyncio.create_task(at.run())
        at.turns["ben"] = Turn(("no intent",))
        at.view("ada", "ben")
        await asyncio.sleep(5.0)
        by_name = {who: kept for who, _, kept in at.answers.kept}
        assert (by_name["ada"].refused, by_name["ada"].text, by_name["ada"].model[:4]) == ("", "an intent", "gpu-")
        assert by_name["ben"].is_failure
        assert by_name["ada"].position.startswith("0:")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    virtually(main)
