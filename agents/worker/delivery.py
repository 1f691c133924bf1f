"""Delivery: from what a model said, or did not say, to the intent in the store."""

import asyncio

from msgspec import Struct, structs

from agents.health.statistics import Meter
from agents.health.timings import Urgency
from agents.worker.asking import CallRules, Question
from agents.worker.backlog import Backlog
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.owed_set import OwedSet
from agents.worker.reasoning import Answered
from agents.worker.routes import Permit
from agents.worker.rules_first import SHARE, shown, tells_news
from agents.worker.shoppers import Owed, Shopper
from agents.worker.write_verdicts import covers, decided
from storage.checkpoints import OwedStore, Verdict
from storage.gather import Writer
from streams.errors import Retry
from streams.records.intents import Intent, Waits

MOST_UNDECIDED = 5
"""How often a write is tried while only the shopper's part of the store does not say what became of it."""


class Serving(Struct, frozen=True, gc=False):
    """A shopper who is served, at a slot, from a moment on; for `limiter_s` before that there was none."""

    shopper: Shopper
    permit: Permit
    taken_s: float
    limiter_s: float


class Case(Struct, frozen=True, gc=False):
    """A shopper's session as it is being served, by this permit. It was taken at `taken_s`, and had to wait for a slot
    before, as the first in line, for `limiter_s`."""

    shopper: Shopper
    owed: Owed
    checkpoint: Checkpoint
    question: Question
    permit: Permit
    taken_s: float
    limiter_s: float = 0.0


class Delivery:
    """Writes intents, puts cases back that have none, and lets the rules stand in."""

    def __init__(
        self,
        backlog: Backlog,
        writer: Writer,
        owed: OwedStore,
        checkpoints: Checkpoints,
        rules: CallRules,
        meter: Meter,
    ) -> None:
        self._backlog, self._writer, self._owed_set = backlog, writer, OwedSet(owed, meter)
        self._checkpoints, self._rules, self._meter = checkpoints, rules, meter

    async def deliver(self, case: Case, answered: Answered | None = None) -> None:
        """Write the intent, without an answer the rules' one. Raises EpochEnded."""
        intent = self._intent(case, answered)
        if await self._stored(case.shopper, case.owed, case.checkpoint, intent):
            await self._done(case.shopper, case.checkpoint)

    async def expire(self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint) -> None:
        """Write the session without an intent, which nobody could read any more. Raises EpochEnded."""
        if await self._stored(shopper, owed, checkpoint, None):
            self._meter.expired += 1
            await self._done(shopper, checkpoint)

    async def leave_out(self, case: Case) -> None:
        """Write the session without an intent: the one that can be read says the same. Raises EpochEnded."""
        if await self._stored(case.shopper, case.owed, case.checkpoint, None):
            now_ms = self._checkpoints.clock_ms()
            case.shopper.read(case.checkpoint.position, now_ms, modelled=True, left_out=True)
            await self._done(case.shopper, case.checkpoint)

    async def store_alone(self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint) -> None:
        """Write the session without an intent: nobody is to read one, or none can be made. Raises EpochEnded."""
        if await self._stored(shopper, owed, checkpoint, None):
            await self._done(shopper, checkpoint)

    async def _stored(
        self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint, intent: Intent | None, *, owing: bool = False
    ) -> bool:
        """From the checkpoint to the commit, in four steps; returns whether it is stored. `owing`: a call is owed all
        the same."""
        # 1. Session and intent go to the store as one write, again and again until it has decided.
        write, again_s = self._checkpoints.write(checkpoint, intent, owed=owing), self._rules.backoff_s
        ended = lambda: shopper.ended  # noqa: E731 # it changes while this waits
        verdict = await decided(self._writer, write, ended, again_s, self._note_undecided, MOST_UNDECIDED)
        # 2. A refusal says that the store knows better: then nothing is covered, and the partition is read again.
        if verdict is Verdict.UNDECIDED:
            self._wait_for_store(shopper, owed)
            return False
        if not covers(verdict, shopper):
            self._meter.stale_writes += 1
            return False
        # 3. The ticket is settled: the ledger may commit past these events once the commit lag has gone by.
        owed.settle()
        # 4. Memory knows how far the store is. Events since then stand behind tickets of their own.
        shopper.stored(checkpoint.position.offset, owed=owing, intent=intent is not None)
        if intent is not None:
            self._note_intent(shopper, owed, checkpoint, intent)
        return True

    async def show_rules(self, case: Case) -> None:
        """Write the rules' intent while the call runs, at the call's own position, if there are few such writes beside
        all calls and it tells news; one try, for the answer comes anyhow. Nothing is covered by it. Raises
        LineageMismatch."""
        shopper, few = case.shopper, self._meter.rules_shown + 1 <= SHARE * self._meter.calls
        if case.owed.upgrade or shopper.ended or not few:
            return
        intent = self._intent(case, None)
        if not tells_news(intent, shopper.shown, _now()):
            return
        self._meter.rules_shown += 1
        try:
            verdict = await self._writer.write(self._checkpoints.write(case.checkpoint, intent, owed=True))
        except Retry:
            self._meter.store_failures += 1
            return
        if not shopper.ended and verdict is not Verdict.UNDECIDED and covers(verdict, shopper):
            case.owed.by_rules = case.checkpoint.position
            now_ms = self._checkpoints.clock_ms()
            shopper.read(case.checkpoint.position, now_ms, modelled=False)
            freshness_ms = now_ms - (case.owed.appended_ms or case.checkpoint.last_ms)
            self._meter.count_shown(intent, freshness_ms)
            self._meter.timings.add_freshness(_urgency(case.owed), freshness_ms / 1e3)

    def _note_intent(self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint, intent: Intent) -> None:
        by_rules = owed.by_rules == checkpoint.position
        self._meter.rules_first += by_rules and intent.source == "model"
        now_ms = self._checkpoints.clock_ms()
        shopper.read(checkpoint.position, now_ms, modelled=intent.source != "rules")
        freshness_ms = now_ms - (owed.appended_ms or checkpoint.last_ms)
        seen, timings = owed.upgrade or by_rules, self._meter.timings
        self._meter.count_intent(intent, freshness_ms, seen=seen)
        if not seen:
            timings.add_freshness(_urgency(owed), freshness_ms / 1e3)
        if not owed.upgrade:
            timings.add_queue(_urgency(owed), (intent.waits.backlog_ms + intent.waits.limiter_ms) / 1e3)
        shopper.shown = shown(intent, _now()) or shopper.shown

    def _note_undecided(self, verdict: Verdict | None) -> None:
        if verdict is None:
            self._meter.store_failures += 1
        else:
            self._meter.undecided_s = _now()

    def _wait_for_store(self, shopper: Shopper, owed: Owed) -> None:
        """This shopper's part of the store is away: give the slot to others, and begin anew later."""
        owed.attempts += 1
        owed.not_before_s = _now() + self._rules.max_backoff_s
        self._backlog.owe(shopper, owed)

    async def _done(self, shopper: Shopper, checkpoint: Checkpoint) -> None:
        """Marks of what is stored now go, and what came since is owed next."""
        if shopper.marks:
            await self._owed_set.settle(shopper.home.number, [(shopper, checkpoint.position)])
        self._backlog.done(shopper)

    async def put_off(self, case: Case) -> None:
        """Try again later; once that takes too long, let the rules stand in, and owe the upgrade."""
        owed = case.owed
        if case.shopper.ended:
            return
        owed.attempts += 1
        backoff_s = min(self._rules.backoff_s * 2 ** min(owed.attempts - 1, 20), self._rules.max_backoff_s)
        owed.not_before_s = _now() + backoff_s
        if owed.upgrade:
            await self._still_owed(case)
        elif _now() < owed.first_s + self._rules.give_up_s:
            self._backlog.owe(case.shopper, owed)
        else:
            await self._stand_in(structs.replace(case, taken_s=_now()))

    async def _still_owed(self, case: Case) -> None:
        """An upgrade stays owed until the intent that it would replace has expired."""
        shopper, owed, checkpoint = case.shopper, case.owed, case.checkpoint
        if self._checkpoints.clock_ms() < self._checkpoints.intent_ends_ms(checkpoint.last_ms):
            self._backlog.owe(shopper, owed)
            return
        owed.call = owed.upgrade = False
        await self._owed_set.settle(shopper.home.number, [(shopper, checkpoint.position)])
        if owed.ticket is not None and owed.ticket.open:
            self._backlog.owe(shopper, owed)  # a quiet event came since: its session is still to be parked
        else:
            self._backlog.done(shopper)

    async def _stand_in(self, case: Case) -> None:
        number, mark = case.shopper.home.number, [(case.shopper, case.checkpoint.position)]
        try:
            await self._owed_set.make(number, mark)
        except Retry:
            self._meter.store_failures += 1
            if not case.shopper.ended:
                self._backlog.owe(case.shopper, case.owed)
            return
        # The mark stands before the intent does: a worker that dies in between leaves a call owed, never one lost.
        intent = self._intent(case, None)
        if await self._stored(case.shopper, case.owed, case.checkpoint, intent, owing=True):
            await self._owed_set.outdate(number, mark)
            case.owed.upgrade = True
            self._backlog.owe(case.shopper, case.owed)

    def _intent(self, case: Case, answered: Answered | None) -> Intent:
        waits, arm = _waits(case, _now(), answered), case.permit.arm
        intent = case.question.compose(answered, waits, self._checkpoints.clock_ms())
        return structs.replace(intent, arm=arm) if arm else intent


def _urgency(owed: Owed) -> Urgency:
    return "other" if owed.urgent_s is None else "urgent"


def _waits(case: Case, now_s: float, answered: Answered | None) -> Waits:
    """Where the time went so far. What the server does not tell of its own time counts as decoding."""
    owed, queue_ms, prefill_ms = case.owed, 0.0, 0.0
    if answered is not None:
        queue_ms, prefill_ms = answered.completion.queue_ms or 0.0, answered.completion.prefill_ms or 0.0
    waited_s = case.taken_s - max(owed.due_s, owed.first_s)
    return Waits(
        debounce_ms=_ms(owed.due_s - owed.first_s),
        backlog_ms=_ms(waited_s - case.limiter_s),
        limiter_ms=_ms(min(case.limiter_s, waited_s)),
        queue_ms=queue_ms,
        prefill_ms=prefill_ms,
        decode_ms=max(_ms(now_s - case.taken_s) - queue_ms - prefill_ms, 0.0),
    )


def _ms(seconds: float) -> float:
    return round(max(seconds, 0.0) * 1e3, 1)


def _now() -> float:
    return asyncio.get_running_loop().time()
