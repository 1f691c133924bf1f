"""Replay calls: one bounded set of background calls, from a checkpoint to an intent in the store."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from agents.worker.asking import Question, Reasoner
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.reasoning import Answered
from clients.calls import Completion, ModelClient
from storage.checkpoints import Context, Verdict
from storage.gather import GatheringWriter
from streams.errors import AnswerRefused, DeadlinePassed, ModelUnavailable, StoreUnavailable
from streams.records.intents import Waits
from streams.sessions.session import Session

LOOK_S = 0.2
"""How often a replay that is held looks whether it may go on."""

AGAIN_S, LONGEST_S = 0.25, 5.0
"""How long a call or a write that failed waits before it is made again, at first and at most."""


@dataclass(frozen=True, slots=True)
class ReplayRules:
    """At most `in_flight` calls at once, each of `deadline_s`; after `tries` that failed the rules answer."""

    in_flight: int = 64
    deadline_s: float = 30.0
    tries: int = 8


@dataclass(slots=True)
class ReplayCounts:
    """What a replay has done. `covered` intents were refused because something newer is live."""

    records: int = 0
    events: int = 0
    refused: int = 0
    erased: int = 0
    opted_out: int = 0
    calls: int = 0
    call_failures: int = 0
    answers_refused: int = 0
    intents: int = 0
    rules_intents: int = 0
    parked: int = 0
    covered: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    missions: Counter[str] = field(default_factory=Counter)


class ReplayCalls:
    """Makes calls in the class `replay`, and writes what comes of them. Owned by a TaskGroup of whoever runs it.

    `share` is how much of its calls may be in flight, as operators have it; `erased` tells of a session whether its
    shopper was erased since it was taken.
    """

    def __init__(
        self,
        model: ModelClient,
        reasoning: Reasoner,
        writer: GatheringWriter,
        checkpoints: Checkpoints,
        rules: ReplayRules,
        tally: ReplayCounts,
        tasks: asyncio.TaskGroup,
        share: Callable[[], float] = lambda: 1.0,
        erased: Callable[[Context], bool] = lambda _: False,
    ) -> None:
        self._model, self._reasoning, self._writer = model, reasoning, writer
        self._checkpoints, self._rules, self.tally, self._tasks = checkpoints, rules, tally, tasks
        self._places = asyncio.Semaphore(rules.in_flight)
        self._share, self._running, self._erased = share, 0, erased

    async def begin(self, session: Session, checkpoint: Checkpoint, done: Callable[[Verdict], None]) -> None:
        """Wait for a slot and begin; the prompt is of the session as it is now. `done` hears of the verdict."""
        question = self._reasoning.ask(session, checkpoint)
        await self._places.acquire()
        while self._running >= self._rules.in_flight * self._share():  # noqa: ASYNC110 - what is waited for is in Redis
            await asyncio.sleep(LOOK_S)
        self._running += 1
        self._tasks.create_task(self._serve(question, checkpoint, done))

    async def _serve(self, question: Question, checkpoint: Checkpoint, done: Callable[[Verdict], None]) -> None:
        try:
            answered = await self._ask(question, checkpoint)
            gone = self._erased(checkpoint.context)
            done(Verdict.ERASED if gone else await self._write(question, checkpoint, answered))
        finally:
            self._running -= 1
            self._places.release()

    async def _ask(self, question: Question, checkpoint: Checkpoint) -> Answered | None:
        """What the model says; None when it has said nothing of use often enough."""
        for attempt in range(self._rules.tries):
            if self._erased(checkpoint.context):
                return None
            try:
                return question.read(await self._complete(question))
            except AnswerRefused:
                self.tally.answers_refused += 1
                if attempt:
                    return None
            except (ModelUnavailable, DeadlinePassed):
                self.tally.call_failures += 1
                await asyncio.sleep(min(AGAIN_S * 2**attempt, LONGEST_S))
        return None

    async def _complete(self, question: Question) -> Completion:
        tally = self.tally
        tally.calls += 1
        deadline_s = asyncio.get_running_loop().time() + self._rules.deadline_s
        completion = await self._model.complete(question.call(deadline_s, "replay"))
        tally.input_tokens += completion.input_tokens or 0
        tally.cached_tokens += completion.cached_tokens or 0
        tally.output_tokens += completion.output_tokens or 0
        return completion

    async def _write(self, question: Question, checkpoint: Checkpoint, answered: Answered | None) -> Verdict:
        intent = question.compose(answered, Waits(), self._checkpoints.clock_ms())
        write = self._checkpoints.write(checkpoint, intent, owed=False)
        while True:
            try:
                verdict = await self._writer.write(write)
            except StoreUnavailable:
                verdict = Verdict.UNDECIDED
            if verdict is Verdict.UNDECIDED:
                await asyncio.sleep(AGAIN_S)
                continue
            accepted = verdict is Verdict.ACCEPTED
            self.tally.intents += accepted
            self.tally.rules_intents += accepted and intent.source == "rules"
            self.tally.covered += not accepted
            if accepted:
                self.tally.missions[intent.mission.label] += 1
            return verdict
