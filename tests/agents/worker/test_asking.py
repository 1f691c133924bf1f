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
from agents.worker.slots import UnlimitedPermit
from clients.calls import Call, Completion, Sampling
from prompts.answer import Answer, parse
from prompts.library import DEFAULT_PROMPTS
from streams.errors import AnswerRefused
from streams.records.intents import IntentRules
from streams.sessions.session import SessionRules
from tests.clients.virtual import call, virtually
from tests.fakes.model import ScriptedModel


class Permit:
    """Answers with one text after the other."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self.calls = 0

    async def complete(self, _: Call) -> Completion:
        self.calls += 1
        await asyncio.sleep(0.1)
        return Completion(next(self._texts), "m", "host")

    def release(self) -> None:
        """Nothing is held."""


class Question:
    """Reads an answer as a question does."""

    def call(self, deadline_s: float, traffic_class: Any = "live") -> Call:
        return call(deadline_s, "ada", traffic_class)

    def read(self, completion: Completion) -> Answered:
        parse(completion.text)
        return Answered(None, completion)

    def compose(self, *_: Any) -> Any:
        raise AssertionError("nobody composes here")


def test_answers_that_are_all_unusable() -> None:
    """They are told of once, with the form of one and none of its words, and not asked for twice; so is their end."""

    async def main() -> None:
        permit = Permit(iter(["Dear Ada, no. 7"] * 80 + ["{}"] * 400))
        meter = Meter()
        asking = Asking(CallRules(), meter)
        with capture_logs() as logs:
            for _ in range(50):
                with pytest.raises(AnswerRefused):
                    await asking.ask(Question(), permit)
            spared = meter.second_tries_spared
            while permit.calls < 400:
                try:
                    await asking.ask(Question(), permit)
                except AnswerRefused:
                    assert permit.calls <= 80
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
        permit = Permit(iter((["no"] + ["{}"] * 4) * 100))
        meter = Meter()
        asking = Asking(CallRules(), meter)
        with capture_logs() as logs:
            for _ in range(300):
                await asking.ask(Question(), permit)
        assert not logs
        assert meter.second_tries_spared == 0

    virtually(main)


@pytest.mark.parametrize("version", DEFAULT_PROMPTS.names)
async def test_a_copied_example_is_counted_and_asked_for_again(version: str) -> None:
    """It is no answer, and its kind is counted by itself; when all are such, the rules answer."""
    meter, shopper = Meter(), Shopper("s", Partition(0, 1, 10.0))
    checkpoint = Checkpoints("w", IntentRules(), SessionRules(), lambda: 0, lineage=0).take(shopper)
    question = Reasoning(version, DEFAULT_PROMPTS, Sampling()).ask(shopper.session, checkpoint)
    copied = Answer(mission="research", text=DEFAULT_PROMPTS.template(version).examples[0].text, evidence=(1,)).write()
    model = ScriptedModel(copied)
    with pytest.raises(AnswerRefused, match="example"):
        await asyncio.wait_for(Asking(CallRules(max_attempts=2), meter).ask(question, UnlimitedPermit(model)), 60)
    assert (len(model.calls), meter.answers_refused, meter.answers_parroted) == (2, 2, 2)
