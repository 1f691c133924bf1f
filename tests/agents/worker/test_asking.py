"""Asking again, or not, where answers are no intents."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from agents.health.statistics import Meter
from agents.worker.asking import Asking, CallRules
from agents.worker.checkpoints import Checkpoints
from agents.worker.partition import Partition
from agents.worker.reasoning import Answered, Reasoning
from agents.worker.shoppers import Shopper
from clients.calls import Call, Completion, Sampling
from prompts.answer import Answer, parse
from prompts.library import DEFAULT_PROMPTS
from streams.errors import AnswerRefused, DeadlinePassed
from streams.records.intents import IntentRules
from streams.sessions.session import SessionRules
from tests.clients.virtual import call, virtually
from tests.fakes.model import ScriptedModel


class Model:
    """Answers with one text after the other."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self.calls = 0

    async def complete(self, _: Call) -> Completion:
        self.calls += 1
        await asyncio.sleep(0.1)
        return Completion(next(self._texts), "m", "host")


class Question:
    """Reads an answer as a question does."""

    def call(self, deadline_s: float, traffic_class: Any = "live") -> Call:
        return call(deadline_s, "ada", traffic_class)

    def shorten(self) -> bool:
        return False

    def read(self, completion: Completion) -> Answered:
        parse(completion.text)
        return Answered(None, completion)

    def compose(self, *_: Any) -> Any:
        raise AssertionError("nobody composes here")


def test_answers_that_are_all_unusable() -> None:
    """They are told of once, with the form of one and none of its words, and not asked for twice; so is their end."""

    async def main() -> None:
        model = Model(iter(["Dear Ada, no. 7"] * 80 + ["{}"] * 400))
        meter = Meter()
        asking = Asking(CallRules(), meter)
        with capture_logs() as logs:
            for _ in range(50):
                with pytest.raises(AnswerRefused):
                    await asking.ask(Question(), model.complete)
            spared = meter.second_tries_spared
            while model.calls < 400:
                try:
                    await asking.ask(Question(), model.complete)
                except AnswerRefused:
                    assert model.calls <= 80
        assert spared == 50 - 10  # so many were asked twice before it was known
        assert meter.answers_refused == 80
        (begun, ended) = logs
        assert (begun["event"], ended["event"]) == ("answers.unusable", "answers.usable")
        assert begun["sample"] == "xxxx xxx, xx. 0"
        assert begun["call"].startswith("ada-")
        assert "Ada" not in str(begun)

    virtually(main)


def test_now_and_then_an_answer_is_asked_for_again() -> None:
    """One of five is no intent."""

    async def main() -> None:
        model = Model(iter((["no"] + ["{}"] * 4) * 100))
        meter = Meter()
        asking = Asking(CallRules(), meter)
        with capture_logs() as logs:
            for _ in range(300):
                await asking.ask(Question(), model.complete)
        assert not logs
        assert meter.second_tries_spared == 0

    virtually(main)


WITH_EXAMPLES = [name for name in DEFAULT_PROMPTS.names if DEFAULT_PROMPTS.template(name).examples]


@pytest.mark.parametrize("version", WITH_EXAMPLES)
async def test_a_copied_example_is_counted_and_asked_for_again(version: str) -> None:
    """It is no answer, and its kind is counted by itself; when all are such, the rules answer."""
    meter, shopper = Meter(), Shopper("s", Partition(0, 1, 10.0))
    checkpoint = Checkpoints("w", IntentRules(), SessionRules(), lambda: 0, lineage=0).take(shopper)
    question = Reasoning(version, DEFAULT_PROMPTS, Sampling()).ask(shopper.session, checkpoint)
    copied = Answer(mission="research", text=DEFAULT_PROMPTS.template(version).examples[0].text, evidence=(1,)).write()
    model = ScriptedModel(copied)
    with pytest.raises(AnswerRefused, match="example"):
        await asyncio.wait_for(Asking(CallRules(max_attempts=2), meter).ask(question, model.complete), 60)
    assert (len(model.calls), meter.answers_refused, meter.answers_parroted) == (2, 2, 2)


class SlowServer:
    """Takes its time for every call; one after the other when `alone`."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s, self.late = takes_s, 0

    async def complete(self, asked: Call) -> Completion:
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout_at(asked.deadline_s):
                await asyncio.sleep(self.takes_s)
        except TimeoutError as error:
            self.late += 1
            raise DeadlinePassed("no answer by the deadline") from error
        return Completion("{}", "m", f"host at {now():.0f}")


def test_a_slow_model_is_not_away() -> None:
    """One that needs longer than a call may take is given longer, and answers; one that says nothing is away in the
    end."""

    async def main() -> None:
        meter = Meter()
        asking, server = Asking(CallRules(deadline_s=10.0, longest_deadline_s=60.0), meter), SlowServer(35.0)
        for _ in range(2):
            with pytest.raises(DeadlinePassed):
                await asking.ask(Question(), server.complete)
        for _ in range(20):
            await asking.ask(Question(), server.complete)
        assert (server.late, asking.circuit_breaker.away) == (2, False)
        server.takes_s = 1e6
        for _ in range(4):  # the first of them still makes the others wait longer
            with pytest.raises(DeadlinePassed):
                await asking.ask(Question(), server.complete)
        assert asking.circuit_breaker.away

    virtually(main)


def test_late_calls_beside_answers_trip_nothing() -> None:
    """Some of many take too long, call after call: the model is overloaded, and there."""

    async def main() -> None:
        asking, quick, slow = Asking(CallRules(deadline_s=10.0), Meter()), SlowServer(4.0), SlowServer(1e6)
        for _ in range(10):
            servers = [quick, quick, slow, slow, slow, slow]
            ended = await asyncio.gather(
                *(asking.ask(Question(), each.complete) for each in servers), return_exceptions=True
            )
            assert [isinstance(each, DeadlinePassed) for each in ended] == [False] * 2 + [True] * 4
            assert not asking.circuit_breaker.away

    virtually(main)


def test_a_model_that_answers_nobody_is_away_after_one_wait() -> None:
    """With many calls it takes three that are late, and nobody is given longer."""

    async def main() -> None:
        asking, hung = Asking(CallRules(deadline_s=10.0), Meter()), SlowServer(1e6)
        await asyncio.gather(*(asking.ask(Question(), hung.complete) for _ in range(6)), return_exceptions=True)
        assert asking.circuit_breaker.away
        assert asyncio.get_running_loop().time() < 11.0

    virtually(main)


async def test_the_second_try_is_another_question() -> None:
    """It says why the first answer was refused, at the end, and has another seed: the same would be said again."""
    shopper = Shopper("s", Partition(0, 1, 10.0))
    checkpoint = Checkpoints("w", IntentRules(), SessionRules(), lambda: 0, lineage=0).take(shopper)
    question = Reasoning("v2", DEFAULT_PROMPTS, Sampling()).ask(shopper.session, checkpoint)
    model = ScriptedModel("Dear shopper")
    with pytest.raises(AnswerRefused):
        await asyncio.wait_for(Asking(CallRules(max_attempts=2), Meter()).ask(question, model.complete), 60)
    first, second = model.calls
    beginning = first.prompt.removesuffix("\nAnswer:")
    assert second.prompt.startswith(beginning)
    assert second.prompt.removeprefix(beginning).startswith("\nThe last answer was refused: it held no JSON object.")
    assert second.prompt.endswith("\nAnswer:")
    assert (second.seed, second.json_schema) == (first.seed + 1, first.json_schema)
