"""Experiments, as operators see them: how each stands, and how its arms did on all workers."""

import time
from dataclasses import dataclass

from agents.experiments.active_experiments import UNDECIDED, pooled
from agents.experiments.assignment import CONTROL, Experiment
from agents.experiments.outcomes import Counts
from storage.fleet import ExperimentDecision, Fleet


@dataclass(frozen=True, slots=True)
class ArmView:
    """An arm, and what became of its calls in the last hour, on all workers."""

    name: str
    kind: str
    percent: float
    counts: Counts


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """An experiment, what was decided on it last, and its arms, the control last. `changed`: it is another one now than
    when that was decided. Of one that was rolled back it is the counts on which that was done."""

    name: str
    decision: ExperimentDecision
    changed: bool
    arms: tuple[ArmView, ...]


def experiment_view(fleet: Fleet, experiment: Experiment) -> ExperimentView:
    """The experiment of the settings as the fleet knows it."""
    decision = fleet.decisions.get(experiment.name, UNDECIDED)
    serial = decision.serial - (decision.state == "back")
    ours = (key.bucket_s for key in fleet.counts if (key.experiment, key.serial) == (experiment.name, serial))
    judged = max(ours, default=0)
    now_s = time.time() if decision.state == "forward" else judged
    found = {arm: sum(spans, Counts()) for arm, spans in pooled(fleet.counts, experiment, serial, now_s).items()}
    left = 100.0 - sum(arm.hundredths for arm in experiment.treatments) / 100
    arms = [(arm.name, arm.kind, arm.hundredths / 100) for arm in experiment.arms] + [(CONTROL, "live", round(left, 2))]
    return ExperimentView(
        experiment.name,
        decision,
        decision.serial > 0 and decision.definition != experiment.definition,
        tuple(ArmView(*arm, found.get(arm[0], Counts())) for arm in arms),
    )
