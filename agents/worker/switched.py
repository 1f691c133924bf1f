"""Switched: the routes and prompts that operators' switches allow."""

import asyncio
from collections.abc import Callable

from agents.fleet.switches import SwitchState
from agents.worker.asking import Question, Reasoner
from agents.worker.checkpoints import Checkpoint
from agents.worker.routes import Permit, Route, Router
from streams.sessions.session import Session

BURST_S = 1.0
"""So long a fleet's unspent calls are kept."""


class SwitchedRouter:
    """A router that gives no permit while the rules alone answer, and only so many calls a second."""

    def __init__(self, router: Router, everybody: Route, switch_state: SwitchState) -> None:
        self._router, self._everybody, self._switch_state = router, everybody, switch_state
        self.listen, self.forget, self.holdout = router.listen, router.forget, router.holdout
        self._spent_s = float("-inf")

    def room(self) -> bool:
        """Whether anybody can be served."""
        return self._switch_state.now.on("rules_only") or (self._may_call() and self._router.room())

    def grant(
        self, shopper: str, attempts: int, waited_s: float, passed_s: float, *, urgent: bool = False
    ) -> Permit | None:
        """A slot, or the word that the rules answer."""
        if self._switch_state.now.on("rules_only"):
            return self.holdout(shopper) or Permit(self._everybody, None, by_rules=True)
        if not self._may_call():
            return None
        permit = self._router.grant(shopper, attempts, waited_s, passed_s, urgent=urgent)
        if permit is not None and not permit.withheld:
            self._spend()
        return permit

    def _per_second(self) -> float:
        """Our share of what the fleet may."""
        return self._switch_state.now.number("calls_per_second", float("inf")) / max(self._switch_state.workers, 1)

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
    """Asks as `usual`, or in the version that operators have pinned: a pin changes the next question, and none that is
    asked already."""

    def __init__(self, usual: Reasoner, versions: Callable[[str], Reasoner | None], switch_state: SwitchState) -> None:
        self._usual, self._versions, self._switch_state = usual, versions, switch_state
        self._made: dict[str, Reasoner | None] = {}

    def ask(self, session: Session, checkpoint: Checkpoint) -> Question:
        """The question, in the version of now."""
        return self._now().ask(session, checkpoint)

    def _now(self) -> Reasoner:
        version = self._switch_state.now.word("prompt_version")
        if version is None:
            return self._usual
        if version not in self._made:
            self._made[version] = self._versions(version)
        return self._made[version] or self._usual


def _now() -> float:
    return asyncio.get_running_loop().time()
