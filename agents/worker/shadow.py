"""Shadow: a model that is asked beside the live one and not listened to. Its answers are compared and thrown away."""

import asyncio
from collections import deque

from agents.experiments.outcomes import ArmCallCounter, ArmKey, Outcomes
from agents.health.statistics import Meter
from agents.worker.asking import Asking, CallRules, Reasoner
from agents.worker.boundary import judge
from agents.worker.checkpoints import Checkpoint
from agents.worker.reasoning import Answered
from clients.calls import ModelClient
from streams.cancellation import strays_as_faults
from streams.sessions.packing import load

MOST = 16
"""How many sessions are asked about at once, and how many wait at the most; what comes beyond that is skipped."""


class Shadow:
    """One shadow arm: a model with replicas and limits of its own, asked when the live answer is there already, about
    the session that this was made from. It writes nothing, and holds nobody up. `meter` counts its faults alone."""

    def __init__(
        self, key: ArmKey, reasoning: Reasoner, model: ModelClient, rules: CallRules, outcomes: Outcomes, meter: Meter
    ) -> None:
        self._tally, self._meter = ArmCallCounter(outcomes, (key,)), meter
        self._reasoning, self._asking, self._model = reasoning, Asking(rules, Meter(), "/".join(key)), model
        self._waiting: deque[tuple[Checkpoint, Answered]] = deque()
        self._running: dict[asyncio.Task[None], str] = {}
        self._wake = asyncio.Event()

    def offer(self, checkpoint: Checkpoint, live: Answered) -> None:
        """Ask about this too, if there is a slot. Never waits."""
        if len(self._waiting) >= MOST:
            self._tally.note("skipped")
        else:
            self._waiting.append((checkpoint, live))
            self._wake.set()

    def forget(self, shopper: str) -> None:
        """Ask nothing more about a shopper, and cancel what is asked, on the server too."""
        self._waiting = deque(each for each in self._waiting if each[0].context.shopper != shopper)
        for task, who in self._running.items():
            if who == shopper:
                task.cancel()

    async def run(self) -> None:
        """Ask until cancelled; calls under way are cancelled with it, on the server too."""
        async with asyncio.TaskGroup() as calls:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting and len(self._running) < MOST:
                    checkpoint, live = self._waiting.popleft()
                    task = calls.create_task(self._ask(checkpoint, live))
                    self._running[task] = checkpoint.context.shopper
                    task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wake.set()

    async def _ask(self, checkpoint: Checkpoint, live: Answered) -> None:
        try:
            question = self._reasoning.ask(load(checkpoint.context.session), checkpoint)
            with strays_as_faults():
                answered = await self._asking.ask(question, self._model.complete, self._tally)
        except Exception as error:  # noqa: BLE001 # the boundary: whatever its verb, a shadow is not asked twice
            judge(error, "shadow", self._meter)
            return  # counted where it was asked
        if _mission(answered) == _mission(live):
            self._tally.note("agreed")


def _mission(answered: Answered) -> str | None:
    """The mission's label; None where the model had nothing to say."""
    return answered.findings.mission.label if answered.findings else None
