"""Dispatch: backlog -> prompt -> model -> intent -> store, with a bounded number of calls under way."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractContextManager, nullcontext

from agents.health.statistics import Meter
from agents.worker.alarm import Alarm
from agents.worker.asking import CallRules
from agents.worker.backlog import Backlog
from agents.worker.boundary import Requeue, judge
from agents.worker.checkpoints import Checkpoints
from agents.worker.delivery import Case, Delivery, Serving
from agents.worker.ingest_share import CallPacer, IngestCpuShare
from agents.worker.partition import Partition
from agents.worker.restarts import BegunAnew, Restarts
from agents.worker.routes import Permit, Router
from agents.worker.rules_first import answered
from agents.worker.shoppers import Owed, Shopper
from agents.worker.unchanged import UnchangedCalls
from storage.checkpoints import OwedStore
from storage.gather import Writer
from streams.cancellation import strays_as_faults
from streams.errors import EpochEnded, Refuse, Retry
from streams.sessions.session import Session

IDLE_S = 0.25
"""The longest sleep when nobody is due. Events wake the dispatcher earlier."""

HELD_S = 0.02
"""The longest sleep when somebody is due and has no slot, for what comes by the time alone."""

AGAIN_S = 0.02
"""After nobody suited the slots that there were, the next look waits for this long, unless another one came free."""

Learn = Callable[[Session], Awaitable[None]]

Traced = Callable[[Case], AbstractContextManager[Case]]
"""Follows a call until its intent is written: inside, the case is the one that is handed out."""


class Dispatch:
    """Serves the backlog: a task a shopper, at most `max_in_flight`, from the choice to the write's verdict. A shopper
    is chosen when `router` has a slot for them, and holds it until the model has answered.

    `learn` may fetch what prompts say beside the log before a call is made; it neither takes long nor fails. `traced`
    follows calls.
    """

    def __init__(
        self,
        backlog: Backlog,
        router: Router,
        writer: Writer,
        owed: OwedStore,
        checkpoints: Checkpoints,
        rules: CallRules,
        meter: Meter,
        ingest_share: IngestCpuShare,
        learn: Learn | None = None,
        traced: Traced = nullcontext,
    ) -> None:
        self._backlog, self._checkpoints, self._meter = backlog, checkpoints, meter
        self._delivery = Delivery(backlog, writer, owed, checkpoints, rules, meter)
        self._requeue, self.unchanged = Requeue(backlog, meter), UnchangedCalls(rules.unchanged_for_s, meter)
        self._router, self._ingest_share, self._learn, self._traced = router, ingest_share, learn, traced
        self._restarts = Restarts(backlog.rules, meter)
        backlog.hear_urgent = self._restarts.urgent
        self._router.listen(self._note_place)
        self.forget_in_shadows = router.forget
        self._bound, self._soft_deadline_s = asyncio.Semaphore(rules.max_in_flight), rules.soft_deadline_s
        self._wake = asyncio.Event()
        self._alarm = Alarm(self._wake.set)
        self._serving: dict[asyncio.Task[None], Serving] = {}
        self._held_since_s: float | None = None
        self._look_s, self._open = float("-inf"), True

    def nudge(self) -> None:
        """Somebody may be due."""
        self._wake.set()

    async def run(self) -> None:
        """Serve until cancelled; calls under way are cancelled with it, on the server too."""
        pacer = CallPacer(lambda: self._ingest_share.behind)
        async with asyncio.TaskGroup() as calls:
            while True:
                await self._bound.acquire()
                await self._ingest_share.yield_to_ingest()
                serving = await self._next()
                task = calls.create_task(self._serve(serving))
                self._serving[task] = serving
                task.add_done_callback(self._served)
                await pacer.began()

    async def drain(self, partitions: Collection[Partition], bound_s: float) -> None:
        """Start no new calls for now, wait for those of these partitions, at most `bound_s`, and cancel the rest."""
        self._open = False
        try:
            tasks = [task for task, serving in self._serving.items() if serving.shopper.home in partitions]
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
        for task, serving in self._serving.items():
            if serving.shopper.home is partition:
                self._meter.dropped += not task.cancelling()
                task.cancel()

    def forget(self, shopper: Shopper) -> None:
        """Cancel the call of a shopper who is to be forgotten, on the server too."""
        for task, serving in self._serving.items():
            if serving.shopper is shopper:
                task.cancel()

    def _note_place(self) -> None:
        self._look_s = float("-inf")
        self._wake.set()

    async def _next(self) -> Serving:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            serving = self._choose(loop.time()) if self._open else None
            if serving is not None:
                return serving
            self._alarm.within(self._idle_s(loop.time()))
            await self._wake.wait()

    def _idle_s(self, now_s: float) -> float:
        most_s = IDLE_S if self._held_since_s is None else HELD_S
        if now_s < self._look_s:
            most_s = self._look_s - now_s
        wake_s = self._backlog.wake_s()
        return most_s if wake_s is None else min(max(wake_s - now_s, 0.001), most_s)

    def _choose(self, now_s: float) -> Serving | None:
        """The first shopper who is due and whom a free slot suits."""
        self._backlog.advance(now_s)
        if not self._backlog.waiting():
            self._held_since_s = None
            return None
        permit: Permit | None = None

        def suits(shopper: Shopper, nobody_else: bool) -> bool:  # noqa: FBT001 # as the backlog asks
            nonlocal permit
            permit = self._permit(shopper, now_s, passed_over=nobody_else)
            return permit is not None

        shopper = self._backlog.next(now_s, suits) if self._look(now_s) else None
        held_s = self._held_since_s
        if shopper is None or shopper.running is None or permit is None:
            self._held_since_s = now_s if held_s is None else held_s
            if self._backlog.unfinished:
                self._look_s = now_s
            return None
        self._held_since_s, self._look_s = None, now_s
        limiter_s = 0.0 if held_s is None else now_s - max(held_s, shopper.running.due_s)
        return Serving(shopper, permit, now_s, limiter_s)

    def _look(self, now_s: float) -> bool:
        """Whether to look through the backlog: there is a slot, and it was not just found to suit nobody."""
        if now_s < self._look_s or not self._router.room():
            return False
        self._look_s = now_s + AGAIN_S
        return True

    def _permit(self, shopper: Shopper, now_s: float, *, passed_over: bool) -> Permit | None:
        """A slot, of those who are passed over one that is not theirs too, once that has lasted."""
        owed = shopper.owed
        if owed is None:
            return None
        if passed_over and owed.passed_s is None:
            owed.passed_s = now_s
        passed_s = now_s - owed.passed_s if passed_over and owed.passed_s is not None else 0.0
        urgent = owed.urgent_s is not None
        return self._router.grant(shopper.id, owed.attempts, now_s - owed.due_s, passed_s, urgent=urgent)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._serving.pop(task).permit.release()  # again, unless the task was cancelled before it began
        self._bound.release()

    async def _serve(self, serving: Serving) -> None:
        """One shopper, from the choice to the write's verdict. Whatever goes wrong there ends nothing else."""
        shopper, owed = serving.shopper, serving.shopper.running
        if owed is None or shopper.ended:
            return
        try:
            with strays_as_faults():
                await self._call(serving, shopper, owed)
        except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the worker
            verb, loop = judge(error, "call", self._meter), asyncio.get_running_loop()
            self._requeue.failed(shopper, owed, "call", verb, loop.time())

    async def _call(self, serving: Serving, shopper: Shopper, owed: Owed) -> None:
        permit = serving.permit
        if self._learn is not None and not self._requeue.without_model(owed):
            await self._learn(shopper.session)
        if shopper.ended:
            raise EpochEnded("the partition or the shopper went while the shop's knowledge was read")
        checkpoint = self._checkpoints.take(shopper)  # what folds in from here on belongs to the next call
        if checkpoint.last_ms <= self._checkpoints.readable_after_ms():
            permit.release()
            shopper.home.note_expired(checkpoint.last_ms)
            await self._delivery.expire(shopper, owed, checkpoint)
            return
        if permit.withheld or self._requeue.without_rules(owed):
            await self._delivery.store_alone(shopper, owed, checkpoint)
            if permit.withheld:
                permit.tally.note("withheld")
            return
        question = permit.route.reasoning.ask(shopper.session, checkpoint)
        case = Case(shopper, owed, checkpoint, question, permit, serving.taken_s, serving.limiter_s)
        if permit.by_rules or self._requeue.without_model(owed):
            await self._delivery.deliver(case)
        elif self.unchanged.spares(case, asyncio.get_running_loop().time()):
            permit.release()
            await self._delivery.leave_out(case)
        else:
            with self._traced(case) as traced:
                await self._ask_and_deliver(traced)

    async def _ask_and_deliver(self, case: Case) -> None:
        """The verbs of the error tree: what may pass is waited for, and where an answer is refused the rules answer."""
        try:
            with self._restarts.watching(case.shopper):
                ask, show = lambda: case.permit.ask(case.question), lambda: self._show_rules(case)
                answer = await answered(ask, self._soft_deadline_s, show)
        except BegunAnew:
            if not case.shopper.ended:
                self._backlog.owe(case.shopper, case.owed)
        except Retry:
            await self._delivery.put_off(case)
        except Refuse:
            await self._delivery.deliver(case)
        else:
            await self._delivery.deliver(case, answer)
            self.unchanged.note(case, answer, asyncio.get_running_loop().time())
            if case.permit.shadow is not None and not case.shopper.ended:
                case.permit.shadow.offer(case.checkpoint, answer)

    async def _show_rules(self, case: Case) -> None:
        await self._delivery.show_rules(case)
