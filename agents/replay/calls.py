"""Replay calls: one bounded set of background calls, from a checkpoint to an intent in the store."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from agents.worker.asking import Asking, CallRules, Question, Reasoner
from agents.worker.boundary import Verb, judge
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.reasoning import Answered
from agents.worker.write_verdicts import decided
from clients.calls import Ask, Completion, ModelClient
from storage.checkpoints import Context, Verdict
from storage.gather import GatheringWriter
from streams.cancellation import strays_as_faults
from streams.errors import EpochEnded, Refuse, Retry
from streams.records.intents import Intent, Waits
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
    """What a replay has done. `covered` intents were refused because something newer is live;
    `withheld` events were left out as sensitive. `faults` are by work and kind (agents/worker/boundary.py); for the
    sake of one of them a shopper was `left_out` from there on."""

    records: int = 0
    events: int = 0
    refused: int = 0
    withheld: int = 0
    erased: int = 0
    opted_out: int = 0
    calls: int = 0
    call_failures: int = 0
    answers_refused: int = 0
    second_tries_spared: int = 0
    answers_parroted: int = 0
    prompts_too_long: int = 0
    intents: int = 0
    rules_intents: int = 0
    parked: int = 0
    covered: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    ungrounded: int = 0
    in_flight: int = 0
    left_out: int = 0
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    missions: Counter[str] = field(default_factory=Counter)

    def count_answer(self, answer: Completion, call_s: float) -> None:  # noqa: ARG002 # a replay is in no hurry
        """Count what a server told of a call."""
        self.input_tokens += answer.input_tokens or 0
        self.cached_tokens += answer.cached_tokens or 0
        self.output_tokens += answer.output_tokens or 0

    def count_intent(self, intent: Intent, *, accepted: bool) -> None:
        """Count an intent on which the store has decided."""
        self.intents += accepted
        self.rules_intents += accepted and intent.source == "rules"
        self.covered += not accepted
        if accepted:
            self.missions[intent.mission.label] += 1


@dataclass(frozen=True, slots=True)
class ReplayCase:
    """A session as it stood, how it is asked about, and what makes the call."""

    question: Question
    checkpoint: Checkpoint
    complete: Ask


Replayed = Callable[[ReplayCase], AbstractContextManager[ReplayCase]]
"""Follows a case until its intent is written: inside, the case is the one that is handed out."""


class ReplayCalls:
    """Makes calls in the class `replay`, and writes what comes of them. Owned by a TaskGroup of whoever runs it.

    `share` is how much of its calls may be in flight, as operators have it; `erased` tells of a session whether its
    shopper was erased since it was taken. `traced` follows cases.
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
        traced: Replayed = nullcontext,
    ) -> None:
        self._reasoning, self._writer, self._model = reasoning, writer, model
        self._asking = Asking(CallRules(deadline_s=rules.deadline_s), tally, traffic_class="replay")
        self._checkpoints, self._rules, self.tally, self._tasks = checkpoints, rules, tally, tasks
        self._places = asyncio.Semaphore(rules.in_flight)
        self._share, self._running, self._erased, self._traced = share, 0, erased, traced

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
            with self._traced(ReplayCase(question, checkpoint, self._model.complete)) as case:
                verdict = await self._decided(case)
            done(verdict)
        finally:
            self._running -= 1
            self._places.release()

    async def _decided(self, case: ReplayCase) -> Verdict:
        """The store's verdict, ERASED for somebody who was erased meanwhile. After a fault it is done without the
        model, then without an intent; STALE when not even that can be stored: the next event loads what is."""
        for make in (self._by_model, self._by_rules, self._alone):
            try:
                with strays_as_faults():
                    return await self._write(case.checkpoint, await make(case))
            except EpochEnded:
                return Verdict.ERASED
            except Exception as error:  # the boundary: it raises what is to end the replay
                if judge(error, "call", self.tally) is not Verb.FAULT:
                    raise
        self.tally.left_out += 1
        return Verdict.STALE

    async def _by_model(self, case: ReplayCase) -> Intent | None:
        answered = await self._ask(case)
        return case.question.compose(answered, Waits(), self._checkpoints.clock_ms())

    async def _by_rules(self, case: ReplayCase) -> Intent | None:
        return case.question.compose(None, Waits(), self._checkpoints.clock_ms())

    async def _alone(self, _: ReplayCase) -> Intent | None:
        return None

    async def _ask(self, case: ReplayCase) -> Answered | None:
        """What the model says, asked as live calls ask; None when it has said nothing of use, or failed too often."""
        for attempt in range(self._rules.tries):
            if self._erased(case.checkpoint.context):
                return None
            try:
                return await self._asking.ask(case.question, case.complete)
            except Refuse:
                return None
            except Retry:
                await asyncio.sleep(min(AGAIN_S * 2**attempt, LONGEST_S))
        return None

    async def _write(self, checkpoint: Checkpoint, intent: Intent | None) -> Verdict:
        """The store's verdict. Raises EpochEnded when the shopper was erased meanwhile."""
        write = self._checkpoints.write(checkpoint, intent, owed=False)
        verdict = await decided(self._writer, write, lambda: self._erased(checkpoint.context), AGAIN_S)
        if intent is not None:
            self.tally.count_intent(intent, accepted=verdict is Verdict.ACCEPTED)
        return verdict
