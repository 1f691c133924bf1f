"""Experiments, as operators see them: how each stands, and how its arms did on all workers."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agents.experiments.active_experiments import UNDECIDED, conversions, pooled
from agents.experiments.assignment import CONTROL, Experiment
from agents.experiments.guardrails import Standing, standings
from agents.experiments.lift import Conversions, Lift, lifts, skewed
from agents.experiments.outcomes import Counts
from storage.fleet import ExperimentDecision, Fleet


@dataclass(frozen=True, slots=True)
class ArmView:
    """An arm, what became of its calls in the last hour, and of its sessions since the experiment stands as it is, on
    all workers. `lifts` compare them with the control's, `standings` the calls by each guardrail of a live arm;
    `skewed`: sessions are split otherwise than the settings say."""

    name: str
    kind: str
    percent: float
    counts: Counts
    conversions: Conversions
    lifts: tuple[Lift, ...] = ()
    skewed: bool = False
    standings: tuple[Standing, ...] = ()


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
    serial = decision.counted_serial
    ours = (key.bucket_s for key in fleet.counts if (key.experiment, key.serial) == (experiment.name, serial))
    last_s = max(ours, default=0)
    now_s = time.time() if decision.state == "forward" else last_s
    found = {arm: sum(spans, Counts()) for arm, spans in pooled(fleet.counts, experiment, serial, now_s).items()}
    left = 100.0 - sum(arm.hundredths for arm in experiment.treatments) / 100
    arms = [(arm.name, arm.kind, arm.hundredths / 100) for arm in experiment.arms] + [(CONTROL, "live", round(left, 2))]
    sessions = conversions(fleet.counts, experiment, serial)
    changed = decision.serial > 0 and decision.definition != experiment.definition
    views = (_arm_view(*arm, found.get(arm[0], Counts()), sessions, left) for arm in arms)
    control, rules = found.get(CONTROL, Counts()), experiment.guardrails
    judged = tuple(
        replace(each, standings=tuple(standings(each.counts, control, rules)))
        if each.kind == "live" and each.name != CONTROL
        else each
        for each in views
    )
    return ExperimentView(experiment.name, decision, changed, judged)


def _arm_view(
    name: str, kind: str, percent: float, counts: Counts, sessions: Mapping[str, Conversions], left: float
) -> ArmView:
    ours, theirs = sessions.get(name, Conversions()), sessions.get(CONTROL, Conversions())
    if name == CONTROL or kind == "shadow":  # a shadow's shoppers are the control's
        return ArmView(name, kind, percent, counts, ours)
    share = percent / (percent + left) if percent + left else 0.0
    return ArmView(name, kind, percent, counts, ours, tuple(lifts(ours, theirs)), skewed(ours, theirs, share))
