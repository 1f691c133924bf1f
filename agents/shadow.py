"""Shadow: a model that is asked beside the live one and not listened to. Its answers are compared and thrown away."""

import asyncio

from agents.asking import Asking, CallRules, Reasoner
from agents.checkpoints import Checkpoint
from agents.meter import Meter
from agents.outcomes import ArmKey, Outcomes, Tally
from agents.reasoning import Answered
from agents.slots import Place
from clients.calls import ModelClient
from streams.errors import AnswerRefused, DeadlinePassed, ModelUnavailable
from streams.packing import load

MOST = 16
"""How many sessions are asked about at once, and how many wait at the most; what comes beyond that is skipped."""


class Shadow:
    """One shadow arm: a model with replicas and limits of its own, asked when the live answer is there already, about
    the session that this was made from. It writes nothing, and holds nobody up."""

    def __init__(
        self, key: ArmKey, reasoning: Reasoner, model: ModelClient, rules: CallRules, outcomes: Outcomes
    ) -> None:
        self._tally = Tally(outcomes, (key,))
        self._asking, self._place = Asking(reasoning, rules, Meter(), "/".join(key)), Place(model)
        self._waiting: asyncio.Queue[tuple[Checkpoint, Answered]] = asyncio.Queue(MOST)

    def offer(self, checkpoint: Checkpoint, live: Answered) -> None:
        """Ask about this too, if there is a place. Never waits."""
        try:
            self._waiting.put_nowait((checkpoint, live))
        except asyncio.QueueFull:
            self._tally.note("skipped")

    async def run(self) -> None:
        """Ask until cancelled; calls under way are cancelled with it, on the server too."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(MOST):
                tasks.create_task(self._ask())

    async def _ask(self) -> None:
        while True:
            checkpoint, live = await self._waiting.get()
            session = load(checkpoint.context.session)
            try:
                answered = await self._asking.ask(session, checkpoint, self._place, self._tally)
            except (ModelUnavailable, DeadlinePassed, AnswerRefused):
                continue  # counted where it was asked
            if _mission(answered) == _mission(live):
                self._tally.note("agreed")


def _mission(answered: Answered) -> str | None:
    """The mission's label; None where the model had nothing to say."""
    return answered.findings.mission.label if answered.findings else None
