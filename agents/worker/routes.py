"""Lanes: the ways to a model, one for everybody and one for each arm of an experiment that goes elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from agents.experiments.active_experiments import Trials
from agents.experiments.assignment import Assignment
from agents.experiments.outcomes import UNCOUNTED, ArmKey, Outcomes, Tally
from agents.worker.asking import Asking, Reasoner
from agents.worker.checkpoints import Checkpoint
from agents.worker.reasoning import Answered
from agents.worker.slots import Lease, Slots
from clients.calls import Call, Completion

OVERDUE_S = 5.0
"""Who has waited for a place of their arm's for so long is served by everybody's."""


class Beside(Protocol):
    """The port to a shadow arm (agents/worker/shadow.py): it takes a session and what the live model said of it, and
    forgets whom it is told to forget."""

    def offer(self, checkpoint: Checkpoint, live: Answered) -> None: ...

    def forget(self, shopper: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Lane:
    """What is asked, how, and where there are places."""

    reasoning: Reasoner
    asking: Asking
    slots: Slots


@dataclass(frozen=True, slots=True)
class Grant:
    """A shopper's place and the lane that it is on. `arm` is what their intent says; `tally` counts what becomes of
    the call. `withheld`: there is to be no call and no intent; `by_rules`: no call, and the rules' intent. `beside`
    wants to hear of the answer."""

    lane: Lane
    lease: Lease
    arm: str = ""
    tally: Tally = UNCOUNTED
    withheld: bool = False
    by_rules: bool = False
    beside: Beside | None = None


class Lanes(Protocol):
    """The port between dispatch and the experiments. Like Slots, whose questions it passes on, it never waits."""

    def listen(self, changed: Callable[[], None]) -> None: ...

    def room(self) -> bool: ...

    def grant(self, shopper: str, attempts: int, waited_s: float, passed_s: float) -> Grant | None:
        """A place that suits this shopper, whose call has failed `attempts` times; the rest as in Slots."""

    def forget(self, shopper: str) -> None:
        """Nobody is to be asked about this shopper any more, beside the live call either."""


class OneLane:
    """Where there are no experiments."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self.listen, self.room = lane.slots.listen, lane.slots.room

    def grant(self, shopper: str, attempts: int, waited_s: float, passed_s: float) -> Grant | None:  # noqa: ARG002
        """A place on it."""
        lease = self._lane.slots.grant(shopper, waited_s, passed_s)
        return None if lease is None else Grant(self._lane, lease)

    def forget(self, shopper: str) -> None:
        """Nobody is asked beside."""


class ArmLanes:
    """Everybody's lane, and those of arms. An arm without one is served by everybody's.

    A shopper whose call has failed on the arm's lane, or who has waited too long for a place there, goes to everybody's
    lane, and the arm is charged with a failure: the guardrails hear of it, and the shopper does not pay for it.
    """

    def __init__(
        self,
        everybody: Lane,
        arms: Mapping[ArmKey, Lane],
        shadows: Mapping[ArmKey, Beside],
        trials: Trials,
        outcomes: Outcomes,
    ) -> None:
        self._everybody, self._arms, self._shadows = everybody, arms, shadows
        self._trials, self._outcomes = trials, outcomes

    def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a place may have come free on any lane."""
        for lane in (self._everybody, *self._arms.values()):
            lane.slots.listen(changed)

    def room(self) -> bool:
        """Whether there is a place for anybody; a holdout needs none."""
        running = self._trials.running
        if any(arm.kind == "holdout" for each in running for arm in each.arms):
            return True
        lanes = (lane for (name, _), lane in self._arms.items() if any(each.name == name for each in running))
        return self._everybody.slots.room() or any(lane.slots.room() for lane in lanes)

    def grant(self, shopper: str, attempts: int, waited_s: float, passed_s: float) -> Grant | None:
        """A place on the shopper's lane."""
        found = self._trials.assign(shopper)
        if found.withheld:
            tally = Tally(self._outcomes, found.counted)
            return Grant(self._everybody, NOWHERE, found.label, tally, withheld=True)
        own = self._arms.get(found.arm) if found.arm is not None else None
        if own is None or attempts:
            return self._shared(found, shopper, attempts, waited_s, passed_s)
        lease = own.slots.grant(shopper, waited_s, passed_s)
        if lease is not None:
            return Grant(own, lease, found.label, Tally(self._outcomes, found.counted))
        if waited_s < OVERDUE_S:
            return None
        shared = self._shared(found, shopper, 1, waited_s, passed_s)
        if shared is not None:
            self._outcomes.note(found.counted, "failed")
        return shared

    def forget(self, shopper: str) -> None:
        """By all shadows."""
        for shadow in self._shadows.values():
            shadow.forget(shopper)

    def _shared(self, found: Assignment, shopper: str, attempts: int, waited_s: float, passed_s: float) -> Grant | None:
        """A place on everybody's lane. Only first calls are counted: of an arm too there is no second one."""
        lease = self._everybody.slots.grant(shopper, waited_s, passed_s)
        if lease is None:
            return None
        tally = UNCOUNTED if attempts else Tally(self._outcomes, found.counted)
        beside = self._shadows.get(found.shadow) if found.shadow is not None else None
        return Grant(self._everybody, lease, found.label, tally, beside=beside)


class Nowhere:
    """The place of a shopper for whom nobody is called."""

    async def complete(self, call: Call) -> Completion:
        """Nobody does."""
        raise AssertionError(f"no call is to be made for {call.shopper}")

    def release(self) -> None:
        """Nobody waits for it."""


NOWHERE = Nowhere()
