"""Held out: an experiment of a simulated fleet, with an arm of its own, a shadow, and shoppers with no intent."""

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Arm, Experiment, assign
from agents.experiments.guardrails import GuardrailRules

TRIED = Experiment(
    "x",
    (Arm("new", 30.0), Arm("none", 20.0, kind="holdout"), Arm("beside", 60.0, kind="shadow")),
    GuardrailRules(min_calls=1_000_000),
)
"""No guardrail rolls it back, for faults of the model say nothing of an arm; operators may."""

GRACE_MS = 6_000
"""How long after a worker has heard of an experiment a call may end that had begun before, by a clock that is set."""


def held_out(shopper: str) -> bool:
    """Whether the experiment has no intent for this shopper."""
    return assign([TRIED], shopper).withheld


class KnownTrial(ActiveExperiments):
    """The experiments of one worker, which remembers since when they are in force for it (its own clock)."""

    def __init__(self, *, on: bool) -> None:
        super().__init__([TRIED] if on else ())
        self.since_ms: int | None = None

    def allows(self, shopper: str, written_at_ms: int, now_ms: int) -> bool:
        """Whether an intent that was made then may be of this shopper."""
        if self.running and self.since_ms is None:
            self.since_ms = now_ms
        known = self.since_ms is not None and written_at_ms > self.since_ms + GRACE_MS
        return not (known and self.assign(shopper).withheld)
