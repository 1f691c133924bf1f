"""Switched: the lanes and the prompts as operators' switches leave them."""

import asyncio
from collections.abc import Callable

from agents.asking import Reasoner
from agents.checkpoints import Checkpoint
from agents.lanes import NOWHERE, Grant, Lane, Lanes
from agents.reasoning import Answered
from agents.switches import Board
from clients.calls import Call, Completion
from streams.intents import Intent, Waits
from streams.sessions import Session

BURST_S = 1.0
"""So long a fleet's unspent calls are kept."""

MOST_ASKED = 10_000


class SwitchedLanes:
    """Lanes, but none for anybody while the rules alone are to speak, and only so many calls a second."""

    def __init__(self, lanes: Lanes, everybody: Lane, board: Board) -> None:
        self._lanes, self._everybody, self._board = lanes, everybody, board
        self.listen, self.forget = lanes.listen, lanes.forget
        self._spent_s = float("-inf")

    def room(self) -> bool:
        """Whether anybody can be served."""
        return self._board.now.on("rules_only") or (self._may_call() and self._lanes.room())

    def grant(self, shopper: str, attempts: int, waited_s: float, passed_s: float) -> Grant | None:
        """A place, or the word that the rules answer."""
        if self._board.now.on("rules_only"):
            return Grant(self._everybody, NOWHERE, by_rules=True)
        if not self._may_call():
            return None
        grant = self._lanes.grant(shopper, attempts, waited_s, passed_s)
        if grant is not None and not grant.withheld:
            self._spend()
        return grant

    def _per_second(self) -> float:
        """Our share of what the fleet may."""
        return self._board.now.number("calls_per_second", float("inf")) / max(self._board.workers, 1)

    def _may_call(self) -> bool:
        rate = self._per_second()
        if rate == float("inf"):
            return True
        return rate > 0 and _now() >= self._spent_s + 1 / rate

    def _spend(self) -> None:
        """A call has begun: the next one may as soon as the rate lets it, with a second's worth kept."""
        rate = self._per_second()
        if 0 < rate < float("inf"):
            self._spent_s = max(self._spent_s + 1 / rate, _now() - BURST_S)


class PinnedReasoning:
    """What is asked by `usual`, or in the version that operators have pinned. Each answer is read as it was asked."""

    def __init__(self, usual: Reasoner, versions: Callable[[str], Reasoner | None], board: Board) -> None:
        self._usual, self._versions, self._board = usual, versions, board
        self._made: dict[str, Reasoner | None] = {}
        self._asked: dict[str, Reasoner] = {}

    def call(self, session: Session, checkpoint: Checkpoint, deadline_s: float) -> Call:
        """The call, in the version of now."""
        if len(self._asked) > MOST_ASKED:  # calls that were cancelled are never read
            self._asked.clear()
        reasoner = self._asked[checkpoint.context.shopper] = self._now()
        return reasoner.call(session, checkpoint, deadline_s)

    def read(self, checkpoint: Checkpoint, completion: Completion) -> Answered:
        """As it was asked."""
        return self._asked.get(checkpoint.context.shopper, self._usual).read(checkpoint, completion)

    def compose(self, checkpoint: Checkpoint, answered: Answered | None, waits: Waits, now_ms: int) -> Intent:
        """As it was asked."""
        reasoner = self._asked.pop(checkpoint.context.shopper, self._usual)
        return reasoner.compose(checkpoint, answered, waits, now_ms)

    def _now(self) -> Reasoner:
        version = self._board.now.word("prompt_version")
        if version is None:
            return self._usual
        if version not in self._made:
            self._made[version] = self._versions(version)
        return self._made[version] or self._usual


def _now() -> float:
    return asyncio.get_running_loop().time()
