"""Asking: from a question to a model's answer that is an intent."""

import asyncio
from typing import Protocol

import structlog
from msgspec import structs

from agents.experiments.outcomes import UNCOUNTED, ArmCallCounter
from agents.worker.answer_quality import AnswerQuality, masked
from agents.worker.checkpoints import Checkpoint
from agents.worker.reasoning import Answered
from clients.calls import Ask, Call, Class, Completion
from clients.limits.call_deadline import CallDeadline
from clients.limits.circuit_breaker import CircuitBreaker
from prompts.answer import PARROTED
from prompts.second_try import second_try
from streams.errors import AnswerRefused, DeadlinePassed, ModelUnavailable, PromptTooLong
from streams.records.intents import Intent, Waits
from streams.section import Calls, Seconds, SecondsOrZero, section
from streams.sessions.session import Session

log = structlog.get_logger()


@section
class CallRules:
    """How the model is called."""

    max_in_flight: Calls = 256
    """The most calls that run at once, on one worker. How many of them a server takes is found out."""
    deadline_s: Seconds = 10.0
    """How long one call may take; then it is cancelled on the server too."""
    longest_deadline_s: Seconds = 60.0
    """How long it may take at the most while a slow model is asked hardly anything else: there a call that was late
    makes the next ones wait twice as long, until answers are quicker."""
    soft_deadline_s: Seconds = 2.0
    """When a call takes longer, the rules' intent is shown until the model has answered; for one in five calls at
    the most, and not over a model's intent of the last minute that says the same."""
    unchanged_for_s: SecondsOrZero = 0.0
    """For so long after a model's answer no call is made while the rules say the same as then: stage, mission, category
    and brand, and a price band within a fifth. The intent stays, and the session alone is stored. One in 50 of these
    calls is made all the same and compared. 0: every call is made."""
    max_attempts: Calls = 2
    """How often an answer that is no intent is asked for, before the rules answer instead."""
    give_up_s: Seconds = 5.0
    """While the model is away, the rules' intent stands in this long after a shopper's first unseen event."""
    backoff_s: Seconds = 0.25
    """How long a call or a write that failed waits before it is made again. Calls wait twice as long each time."""
    max_backoff_s: Seconds = 30.0
    """The longest that such a call waits."""


class Question(Protocol):
    """One session as it stood, and one way to ask about it: every answer is read as it was asked.

    `shorten` shows less of the session from now on, and returns whether it could. `read` raises AnswerRefused;
    `compose` gives the rules' intent where there is no answer.
    """

    def call(self, deadline_s: float, traffic_class: Class = "live") -> Call: ...

    def shorten(self) -> bool: ...

    def read(self, completion: Completion) -> Answered: ...

    def compose(self, answered: Answered | None, waits: Waits, now_ms: int) -> Intent: ...


class Reasoner(Protocol):
    """The port to what is asked (agents/worker/reasoning.py)."""

    def ask(self, session: Session, checkpoint: Checkpoint) -> Question: ...


class CallCounts(Protocol):
    """What is counted of calls: by a worker (Meter), or by a replay."""

    calls: int
    in_flight: int
    call_failures: int
    answers_refused: int
    second_tries_spared: int
    answers_parroted: int
    prompts_too_long: int
    ungrounded: int

    def count_answer(self, answer: Completion, call_s: float) -> None: ...


class Asking:
    """Asks until an answer is an intent, at most `max_attempts` times; for an arm of an experiment, or everybody. While
    most answers are no intents, once: asking again would only double the load. The circuit breaker is that of the
    model's pools; an arm has one of its own, so that its failures stop nobody else's calls."""

    def __init__(
        self,
        rules: CallRules,
        counts: CallCounts,
        arm: str = "",
        traffic_class: Class = "live",
        circuit_breaker: CircuitBreaker | None = None,
    ) -> None:
        self._rules, self._meter, self._arm, self._class = rules, counts, arm, traffic_class
        self.circuit_breaker = circuit_breaker or CircuitBreaker()
        self._deadline = CallDeadline(rules.deadline_s, rules.longest_deadline_s)
        self._quality = AnswerQuality()

    async def ask(self, question: Question, complete: Ask, tally: ArmCallCounter = UNCOUNTED) -> Answered:
        """Ask by `complete`, and count what becomes of it for the arm that the shopper is in. Raises ModelUnavailable,
        DeadlinePassed or AnswerRefused."""
        if not self.circuit_breaker.admit(_now()):
            tally.note("failed")
            raise ModelUnavailable("the model is away")
        call = question.call(_now() + self._deadline.seconds, self._class)
        for left in reversed(range(self._rules.max_attempts)):
            completion, call = await self._fitting(question, call, complete, tally)
            try:
                answered = question.read(completion)
            except AnswerRefused as error:
                self._meter.answers_refused += 1
                self._meter.answers_parroted += error.reason == PARROTED
                tally.note("invalid")
                if error.reason == PARROTED:
                    tally.note("parroted")
                self._note_answer(call, completion, error)
                if not left or self._quality.poor:
                    self._meter.second_tries_spared += bool(left)
                    raise
                again = second_try(call.prompt, call.seed, error.reason)
                call = structs.replace(call, prompt=again.prompt, seed=again.seed)
            else:
                self._note_answer(call, completion)
                self._meter.ungrounded += len(answered.removed)
                if not answered.cited:
                    tally.note("empty")
                return answered
        raise AssertionError("max_attempts is at least 1")

    async def _fitting(
        self, question: Question, call: Call, complete: Ask, tally: ArmCallCounter
    ) -> tuple[Completion, Call]:
        """The answer, and the call that was short enough for the server's context. Raises PromptTooLong when even the
        newest line is too much, and what `_complete` does."""
        while True:
            try:
                return await self._complete(call, complete, tally), call
            except PromptTooLong as error:
                self._meter.prompts_too_long += 1
                self._note_too_long(call, error)
                if not question.shorten():
                    raise
                call = question.call(call.deadline_s, self._class)

    async def _complete(self, call: Call, complete: Ask, tally: ArmCallCounter) -> Completion:
        began_s = _now()
        self._meter.calls += 1
        self._meter.in_flight += 1
        try:
            completion = await complete(call)
        except (ModelUnavailable, DeadlinePassed) as error:
            self._meter.call_failures += 1
            tally.note("failed")
            slow = isinstance(error, DeadlinePassed) and self._deadline.late(began_s, self._meter.in_flight)
            if self.circuit_breaker.failed(_now(), slow=slow):
                self._note_away(call, error)
            raise
        finally:
            self._meter.in_flight -= 1
        call_s = _now() - began_s
        tally.answered(call_s)
        self._deadline.answered(_now(), call_s)
        if self.circuit_breaker.succeeded():
            self._note_back()
        self._meter.count_answer(completion, call_s)
        return completion

    def _note_answer(self, call: Call, completion: Completion, error: AnswerRefused | None = None) -> None:
        if not self._quality.note(_now(), usable=error is None):
            return
        said = {"arm": self._arm or None, "model": completion.model, "replica": completion.replica, "call": call.id}
        said["share"] = f"{self._quality.share(_now()):.0%}"
        if self._quality.poor:
            sample, then = masked(completion.text), "no answer is asked for twice, rules intents stand in"
            log.warning("answers.unusable", **said, error=str(error), sample=sample, then=then)
        else:
            log.info("answers.usable", **said)

    def _note_too_long(self, call: Call, error: PromptTooLong) -> None:
        if self._meter.prompts_too_long == 1:
            then = "older lines are left out of it; it is asked again, as each such prompt is"
            remedy = "lower prompt.high_tokens and prompt.low_tokens, or give the server a longer context"
            log.error("prompt.too_long", call=call.id, error=str(error), then=then, remedy=remedy)

    def _note_away(self, call: Call, error: Exception) -> None:
        if self._arm:
            log.warning("arm.away", arm=self._arm, call=call.id, error=str(error), then="everybody's model stands in")
        else:
            then = "rules intents stand in, calls are retried"
            log.warning("model.away", call=call.id, error=str(error), then=then)

    def _note_back(self) -> None:
        if self._arm:
            log.info("arm.back", arm=self._arm)
        else:
            log.info("model.back", then="the intents that rules stood in for are made anew")


def _now() -> float:
    return asyncio.get_running_loop().time()
