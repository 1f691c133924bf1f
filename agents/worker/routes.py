"""Routes to a model, and permits to go there: one route for everybody, and one for each arm that has its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Assignment
from agents.experiments.outcomes import UNCOUNTED, ArmCallCounter, ArmKey, Outcomes
from agents.worker.asking import Asking, Question, Reasoner
from agents.worker.reasoning import Answered
from agents.worker.shadow import Shadow
from clients.calls import Call, Completion

OVERDUE_S = 5.0
"""A shopper who has waited this long for a slot of their arm takes one of everybody's."""


class Slot(Protocol):
    """Room for one call at a time, until it is released. Releasing it again is harmless.

    `complete` raises what ModelClient.complete raises.
    """

    async def complete(self, call: Call) -> Completion: ...

    def release(self) -> None: ...


class SlotSupplier(Protocol):
    """The slots there are. Asking for one never waits: a shopper is taken from the backlog when there is a slot,
    and the prompt is rendered then."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a slot may have come free."""

    def room(self) -> bool:
        """Whether there is a slot for anybody. Asked when somebody is due."""

    def grant(self, shopper: str, waited_s: float, passed_s: float, *, urgent: bool = False) -> Slot | None:
        """A slot that suits this shopper, who has been due for `waited_s`, and for `passed_s` of it there have been
        slots that suited nobody; `urgent` when an urgent action is among what they did."""


@dataclass(frozen=True, slots=True)
class Route:
    """What is asked, how it is asked, and which slots there are."""

    reasoning: Reasoner
    asking: Asking
    slots: SlotSupplier


@dataclass(frozen=True, slots=True)
class Permit:
    """A shopper's right to be served now: by which route, and in which slot, until that is released. `arm` is what
    their intent says; `tally` counts what becomes of the call. `shadow` is to hear of the answer.

    Without a slot there is no call: then it is `withheld`, and there is no intent either, or `by_rules`, with theirs.
    """

    route: Route
    slot: Slot | None
    arm: str = ""
    tally: ArmCallCounter = UNCOUNTED
    withheld: bool = False
    by_rules: bool = False
    shadow: Shadow | None = None

    async def complete(self, call: Call) -> Completion:
        """Make a call in the slot. Raises what the slot raises."""
        if self.slot is None:
            raise AssertionError(f"no call is to be made for {call.shopper}")
        return await self.slot.complete(call)

    async def ask(self, question: Question) -> Answered:
        """What the model says, and the slot is given back: before the write, for the model does not wait for Redis.
        Raises what Asking.ask raises."""
        try:
            return await self.route.asking.ask(question, self.complete, self.tally)
        finally:
            self.release()

    def release(self) -> None:
        """Give the slot back, if there is one. Again is harmless."""
        if self.slot is not None:
            self.slot.release()


class Router(Protocol):
    """The port between dispatch and the experiments. Like SlotSupplier, it never waits."""

    def listen(self, changed: Callable[[], None]) -> None: ...

    def room(self) -> bool: ...

    def grant(
        self, shopper: str, attempts: int, waited_s: float, passed_s: float, *, urgent: bool = False
    ) -> Permit | None:
        """A slot that suits this shopper, whose call has failed `attempts` times; the rest as in SlotSupplier."""

    def holdout(self, shopper: str) -> Permit | None:
        """What withholds call and intent, also from the rules, of a shopper who is held out; None of anybody else."""

    def forget(self, shopper: str) -> None:
        """Nobody is to be asked about this shopper any more, beside the live call either."""


class ExperimentRouter:
    """Everybody's route, and those of arms. An arm without one takes everybody's.

    When a call fails on the arm's route, or waits too long for a slot there, it goes to everybody's route. The arm is
    charged with a failure, so the guardrails hear of it and the shopper does not pay for it.
    """

    def __init__(
        self,
        everybody: Route,
        arms: Mapping[ArmKey, Route],
        shadows: Mapping[ArmKey, Shadow],
        active_experiments: ActiveExperiments,
        outcomes: Outcomes,
    ) -> None:
        self._everybody, self._arms, self._shadows = everybody, arms, shadows
        self._active_experiments, self._outcomes = active_experiments, outcomes

    def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a slot may have come free on any route."""
        for route in (self._everybody, *self._arms.values()):
            route.slots.listen(changed)

    def room(self) -> bool:
        """Whether there is a slot for anybody; a holdout needs none."""
        running = self._active_experiments.running
        if any(arm.kind == "holdout" for each in running for arm in each.arms):
            return True
        routes = (route for (name, _), route in self._arms.items() if any(each.name == name for each in running))
        return self._everybody.slots.room() or any(route.slots.room() for route in routes)

    def grant(
        self, shopper: str, attempts: int, waited_s: float, passed_s: float, *, urgent: bool = False
    ) -> Permit | None:
        """A permit for the shopper's route."""
        found = self._active_experiments.assign(shopper)
        if found.withheld:
            return self._held_out(found)
        own = self._arms.get(found.arm) if found.arm is not None else None
        if own is None or attempts:
            return self._shared(found, shopper, attempts, waited_s, passed_s, urgent=urgent)
        slot = own.slots.grant(shopper, waited_s, passed_s, urgent=urgent)
        if slot is not None:
            return Permit(own, slot, found.label, ArmCallCounter(self._outcomes, found.counted))
        if waited_s < OVERDUE_S:
            return None
        shared = self._shared(found, shopper, 1, waited_s, passed_s, urgent=urgent)
        if shared is not None:
            self._outcomes.note(found.counted, "failed")
        return shared

    def holdout(self, shopper: str) -> Permit | None:
        """By the experiments in force."""
        found = self._active_experiments.assign(shopper)
        return self._held_out(found) if found.withheld else None

    def forget(self, shopper: str) -> None:
        """By all shadows."""
        for shadow in self._shadows.values():
            shadow.forget(shopper)

    def _held_out(self, found: Assignment) -> Permit:
        tally = ArmCallCounter(self._outcomes, found.counted)
        return Permit(self._everybody, None, found.label, tally, withheld=True)

    def _shared(
        self, found: Assignment, shopper: str, attempts: int, waited_s: float, passed_s: float, *, urgent: bool
    ) -> Permit | None:
        """A permit for everybody's route. Only first calls are counted: of an arm too there is no second one."""
        slot = self._everybody.slots.grant(shopper, waited_s, passed_s, urgent=urgent)
        if slot is None:
            return None
        tally = UNCOUNTED if attempts else ArmCallCounter(self._outcomes, found.counted)
        shadow = self._shadows.get(found.shadow) if found.shadow is not None else None
        return Permit(self._everybody, slot, found.label, tally, shadow=shadow)
