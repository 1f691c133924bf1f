"""Dispatch: backlog -> prompt -> model -> intent -> store, with a bounded number of calls under way."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import structlog

from agents.backlog import Backlog
from agents.checkpoints import Checkpoint, Checkpoints
from agents.marks import Marks
from agents.meter import Meter
from agents.partition import Partition
from agents.reasoning import Answered
from agents.shoppers import Owed, Shopper
from agents.verdicts import covers
from clients.availability import Availability
from clients.calls import Call, Completion, ModelClient
from storage.checkpoints import OwedStore, Verdict, Write
from storage.gather import GatheringWriter
from streams.errors import AnswerRefused, DeadlinePassed, ModelUnavailable, StoreUnavailable
from streams.intents import Intent, Waits
from streams.sessions import Session

log = structlog.get_logger()

IDLE_S = 0.25
"""The longest sleep when nobody is due. Events wake the dispatcher earlier."""


@dataclass(frozen=True, slots=True)
class CallRules:
    """How the model is called. `deadline_s` bounds one call; `max_answers` is how often it is asked again for an answer
    that is no intent; `give_up_s` after the first uncovered event a rules intent stands in for a model that is away."""

    max_in_flight: int = 32
    deadline_s: float = 10.0
    max_answers: int = 2
    give_up_s: float = 5.0
    backoff_s: float = 0.25
    max_backoff_s: float = 30.0


class Reasoner(Protocol):
    """The port to what is asked and understood (agents/reasoning.py). `read` raises AnswerRefused."""

    def call(self, session: Session, checkpoint: Checkpoint, deadline_s: float) -> Call: ...

    def read(self, checkpoint: Checkpoint, completion: Completion) -> Answered: ...

    def compose(self, checkpoint: Checkpoint, answered: Answered | None, waits: Waits, now_ms: int) -> Intent: ...


class Dispatch:
    """Serves the backlog: one task a call, a slot held from the choice of the shopper to the write's verdict."""

    def __init__(
        self,
        backlog: Backlog,
        model: ModelClient,
        writer: GatheringWriter,
        owed: OwedStore,
        checkpoints: Checkpoints,
        reasoning: Reasoner,
        rules: CallRules,
        meter: Meter,
    ) -> None:
        self._backlog, self._model, self._writer, self._marks = backlog, model, writer, Marks(owed, meter)
        self._checkpoints, self._reasoning, self._rules, self._meter = checkpoints, reasoning, rules, meter
        self.availability = Availability()
        self._slots = asyncio.Semaphore(rules.max_in_flight)
        self._wake = asyncio.Event()
        self._serving: dict[asyncio.Task[None], Partition] = {}
        self._open = True

    def nudge(self) -> None:
        """Somebody may be due."""
        self._wake.set()

    async def run(self) -> None:
        """Serve until cancelled; calls under way are cancelled with it, on the server too."""
        async with asyncio.TaskGroup() as calls:
            while True:
                await self._slots.acquire()
                shopper = await self._next()
                task = calls.create_task(self._serve(shopper))
                self._serving[task] = shopper.home
                task.add_done_callback(self._served)

    async def drain(self, partitions: Collection[Partition], bound_s: float) -> None:
        """Start no new calls for now, wait for those of these partitions, at most `bound_s`, and cancel the rest."""
        self._open = False
        try:
            tasks = [task for task, home in self._serving.items() if home in partitions]
            if tasks:
                _, left = await asyncio.wait(tasks, timeout=bound_s)
                self._meter.dropped += len(left)
                for task in left:
                    task.cancel()
        finally:
            self._open = True
            self.nudge()

    def abandon(self, partition: Partition) -> None:
        """Cancel the calls of a partition whose epoch has ended, on the server too."""
        for task, home in self._serving.items():
            if home is partition:
                self._meter.dropped += 1
                task.cancel()

    async def _next(self) -> Shopper:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            shopper = self._backlog.next(loop.time()) if self._open else None
            if shopper is not None:
                return shopper
            wake_s = self._backlog.wake_s()
            wait_s = IDLE_S if wake_s is None else min(max(wake_s - loop.time(), 0.001), IDLE_S)
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _served(self, task: asyncio.Task[None]) -> None:
        self._serving.pop(task, None)
        self._slots.release()

    async def _serve(self, shopper: Shopper) -> None:
        owed = shopper.running
        if owed is None or shopper.home.ended:
            return
        checkpoint = self._checkpoints.take(shopper)
        taken_s = _now()
        try:
            answered = await self._ask(shopper, checkpoint)
        except (ModelUnavailable, DeadlinePassed):
            await self._without_model(shopper, owed, checkpoint)
        except AnswerRefused:
            await self._write(shopper, owed, checkpoint, self._intent(checkpoint, owed, taken_s))
        else:
            await self._write(shopper, owed, checkpoint, self._intent(checkpoint, owed, taken_s, answered))

    def _intent(self, checkpoint: Checkpoint, owed: Owed, taken_s: float, answered: Answered | None = None) -> Intent:
        """The model's intent, or without an answer the rules'."""
        waits = _waits(owed, taken_s, _now(), answered)
        return self._reasoning.compose(checkpoint, answered, waits, self._checkpoints.clock_ms())

    async def _ask(self, shopper: Shopper, checkpoint: Checkpoint) -> Answered:
        """Ask until an answer is an intent, `max_answers` times at the most."""
        if not self.availability.admit(_now()):
            raise ModelUnavailable("the model is away")
        call = self._reasoning.call(shopper.session, checkpoint, _now() + self._rules.deadline_s)
        for left in reversed(range(self._rules.max_answers)):
            self._meter.calls += 1
            self._meter.in_flight += 1
            try:
                completion = await self._model.complete(call)
            except (ModelUnavailable, DeadlinePassed) as error:
                self._meter.call_failures += 1
                if self.availability.failed(_now()):
                    log.warning("model.away", error=str(error), then="rules intents stand in, calls are retried")
                raise
            finally:
                self._meter.in_flight -= 1
            if self.availability.succeeded():
                log.info("model.back", then="the intents that rules stood in for are made anew")
            self._meter.count_tokens(completion.input_tokens, completion.cached_tokens, completion.output_tokens)
            try:
                answered = self._reasoning.read(checkpoint, completion)
            except AnswerRefused:
                self._meter.answers_refused += 1
                if not left:
                    raise
            else:
                self._meter.ungrounded += answered.removed
                return answered
        raise AssertionError("max_answers is at least 1")

    async def _without_model(self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint) -> None:
        """Try again later; once that takes too long, let the rules stand in, and owe the upgrade."""
        if shopper.home.ended:
            return
        owed.attempts += 1
        backoff_s = min(self._rules.backoff_s * 2 ** min(owed.attempts - 1, 20), self._rules.max_backoff_s)
        owed.not_before_s = _now() + backoff_s
        if owed.upgrade:
            await self._still_owed(shopper, owed, checkpoint)
        elif _now() < owed.first_s + self._rules.give_up_s:
            self._backlog.owe(shopper, owed)
        else:
            await self._stand_in(shopper, owed, checkpoint)

    async def _still_owed(self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint) -> None:
        """An upgrade stays owed until the intent that it would replace has expired."""
        if self._checkpoints.clock_ms() < self._checkpoints.intent_ends_ms(checkpoint.last_ms):
            self._backlog.owe(shopper, owed)
            return
        owed.call = owed.upgrade = False
        await self._marks.settle(shopper.home.number, [(shopper, checkpoint.position)])
        if owed.ticket is not None and owed.ticket.open:
            self._backlog.owe(shopper, owed)  # a quiet event came since: its session is still to be parked
        else:
            self._backlog.done(shopper)

    async def _stand_in(self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint) -> None:
        number, mark = shopper.home.number, [(shopper, checkpoint.position)]
        try:
            await self._marks.make(number, mark)
        except StoreUnavailable:
            self._meter.store_failures += 1
            if not shopper.home.ended:
                self._backlog.owe(shopper, owed)
            return
        intent = self._intent(checkpoint, owed, _now())
        if await self._stored(shopper, owed, self._checkpoints.write(checkpoint, intent), intent):
            await self._marks.outdate(number, mark)
            owed.upgrade = True
            self._backlog.owe(shopper, owed)

    async def _write(self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint, intent: Intent) -> None:
        if await self._stored(shopper, owed, self._checkpoints.write(checkpoint, intent), intent):
            await self._marks.settle(shopper.home.number, [(shopper, checkpoint.position)])
            self._backlog.done(shopper)

    async def _stored(self, shopper: Shopper, owed: Owed, write: Write, intent: Intent) -> bool:
        """Write until the store has decided or the epoch is over; returns whether it is stored."""
        verdict: Verdict | None = None
        while verdict is None and not shopper.home.ended:
            try:
                verdict = await self._writer.write(write)
            except StoreUnavailable:
                self._meter.store_failures += 1
                await asyncio.sleep(self._rules.backoff_s)
        if verdict is None or shopper.home.ended:
            self._meter.dropped += 1
            return False
        if not covers(verdict, shopper.home):
            self._meter.stale_writes += 1
            return False
        owed.settle()
        shopper.session.durable = write.context.position.offset
        freshness_ms = None if owed.upgrade else self._checkpoints.clock_ms() - owed.appended_ms
        self._meter.count_intent(intent, freshness_ms)
        return True


def _waits(owed: Owed, taken_s: float, now_s: float, answered: Answered | None) -> Waits:
    """Where the time went so far. What the server does not tell of its own time counts as decoding."""
    queue_ms = prefill_ms = told_ms = 0.0
    if answered is not None:
        queue_ms, prefill_ms = answered.completion.queue_ms or 0.0, answered.completion.prefill_ms or 0.0
        told_ms = queue_ms + prefill_ms
    return Waits(
        debounce_ms=_ms(owed.due_s - owed.first_s),
        backlog_ms=_ms(taken_s - max(owed.due_s, owed.first_s)),
        queue_ms=queue_ms,
        prefill_ms=prefill_ms,
        decode_ms=max(_ms(now_s - taken_s) - told_ms, 0.0),
    )


def _ms(seconds: float) -> float:
    return round(max(seconds, 0.0) * 1e3, 1)


def _now() -> float:
    return asyncio.get_running_loop().time()
