"""Answer samples: what models said of some shoppers, and whenever it was no intent, kept for people to look at."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Annotated, Any, Protocol

from msgspec import structs
from pydantic import Field

from agents.health.statistics import Meter
from agents.worker.boundary import judge
from agents.worker.delivery import Case
from agents.worker.reasoning import Answered
from clients.calls import Call, Class, Completion
from clients.limits.retry_budget import Recent
from storage.answers import LONGEST, KeptAnswer
from storage.checkpoints import Context
from streams.cancellation import strays_as_faults
from streams.errors import AnswerRefused
from streams.records.intents import Intent, Waits
from streams.section import Calls, Seconds, section, unit

WAITING = 64
"""The most answers that wait to be kept."""


@section
class AnswerRules:
    """Which answers of models are kept beside a shopper's session, as they came, for the console and penchant inspect;
    they say in other words what the shopper did, and go with the shopper. None, unless this says so."""

    share: Annotated[float, Field(ge=0, le=1), unit("share of one")] = 0.0
    """How many of all answers are kept."""
    failures: bool = False
    """Whether every answer is kept that was no intent, or of which nothing held, so that the rules spoke."""
    most: Annotated[int, Field(ge=1, le=50), unit("answers")] = 5
    """How many are kept of a shopper: the newest. Of each 2,000 characters at the most."""
    most_a_minute: Calls = 60
    """How many a worker keeps in a minute at the most; what comes beyond is counted."""
    kept_s: Seconds = 86_400.0
    """How long they are kept."""


class AnswerStore(Protocol):
    """The port to where they are kept; see storage/answers.py. Raises StoreUnavailable."""

    async def keep(self, shopper: str, erasure: int, answer: KeptAnswer, most: int, kept_s: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer to keep, and the shopper's erasure that its session knew of."""

    shopper: str
    erasure: int
    answer: KeptAnswer


class AnswerSamples:
    """Keeps answers while it runs, and holds no call up: what finds too many waiting, comes too often, or meets a store
    that is away or `frozen` is not kept, and counted. `clock_ms` is wall time in epoch milliseconds."""

    def __init__(
        self,
        store: AnswerStore,
        rules: AnswerRules,
        clock_ms: Callable[[], int],
        meter: Meter,
        frozen: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store, self._rules, self._clock_ms, self._meter, self._frozen = store, rules, clock_ms, meter, frozen
        self._waiting: deque[Waiting] = deque()
        self._lately = Recent(60.0)
        self._wake = asyncio.Event()

    def sampled(self, case: Case) -> Case:
        """The case, with a question whose answers are offered here."""
        return structs.replace(case, question=SampledQuestion(case, self.offer))

    def offer(self, context: Context, answer: KeptAnswer) -> None:
        """Keep it, if it is one of those that are kept. Never waits."""
        wanted = answer.is_failure and self._rules.failures
        if not wanted and draw(context.shopper, answer.position) >= self._rules.share:
            return
        now_s = asyncio.get_running_loop().time()
        if len(self._waiting) >= WAITING or self._lately.total(now_s) >= self._rules.most_a_minute:
            self._meter.answers_unkept += 1
            return
        self._lately.add(now_s)
        timed = replace(answer, at_ms=self._clock_ms())
        self._waiting.append(Waiting(context.shopper, context.erasure, timed))
        self._wake.set()

    async def run(self) -> None:
        """Keep what is offered, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._keep(self._waiting.popleft())

    async def _keep(self, each: Waiting) -> None:
        if self._frozen():
            self._meter.answers_unkept += 1
            return
        try:
            with strays_as_faults():
                await self._store.keep(each.shopper, each.erasure, each.answer, self._rules.most, self._rules.kept_s)
        except Exception as error:  # noqa: BLE001 # the boundary: whatever its verb, it is not tried twice
            judge(error, "answers", self._meter)
            self._meter.answers_unkept += 1


class SampledQuestion:
    """A question whose answers `offer` hears of."""

    def __init__(self, case: Case, offer: Callable[[Context, KeptAnswer], None]) -> None:
        self._case, self._question, self._offer, self._version = case, case.question, offer, ""

    def call(self, deadline_s: float, traffic_class: Class = "live") -> Call:
        """As the question does; so do the others."""
        call = self._question.call(deadline_s, traffic_class)
        self._version = call.prompt_version
        return call

    def shorten(self) -> bool:
        """Show less."""
        return self._question.shorten()

    def read(self, completion: Completion) -> Answered:
        """Read, and offer what came of it."""
        try:
            answered = self._question.read(completion)
        except AnswerRefused as error:
            self._offer(self._case.checkpoint.context, self._kept(completion, refused=error.reason))
            raise
        kept = self._kept(completion, removed=answered.removed, empty=answered.findings is None)
        self._offer(self._case.checkpoint.context, kept)
        return answered

    def compose(self, answered: Answered | None, waits: Waits, now_ms: int) -> Intent:
        """The intent."""
        return self._question.compose(answered, waits, now_ms)

    def _kept(self, completion: Completion, **came: Any) -> KeptAnswer:
        where = str(self._case.checkpoint.position), completion.model, completion.replica, self._version
        return KeptAnswer(0, *where, self._case.permit.arm, cut(completion.text), **came)


def draw(shopper: str, position: str) -> float:
    """A number from 0 up to 1, the same for the same session however often it is read."""
    return int.from_bytes(blake2b(f"{shopper}\0{position}".encode(), digest_size=8).digest()) / 2**64


def cut(text: str) -> str:
    """As much of an answer as is kept; half of a character, which no store takes, becomes a question mark."""
    return text[:LONGEST].encode(errors="replace").decode()
