"""Experiments: what is in force, and how the arms did in the last hour."""

from collections.abc import Sequence
from typing import Any

from agents.experiments.guardrails import Standing
from agents.experiments.lift import Lift
from penchant.console.snapshot import Snapshot
from penchant.console.views.banner import banner
from penchant.console.words import count, many, money, seconds, share
from penchant.operations.experiments import ArmView, ExperimentView
from storage.activity import Activity

HISTORY = 5
"""So many of the last decisions on an experiment stand there."""


def experiments(seen: Snapshot, decided: Sequence[Activity]) -> dict[str, Any]:
    """Each with its arms, the control last, and what was decided on it, the newest first."""
    views = seen.fleet.experiments if seen.fleet is not None else ()
    back = [each.name for each in views if each.decision.state == "back"]
    answer = f"{', '.join(back)} was rolled back." if back else f"{many(len(views), 'experiment')} in force."
    if not views:
        answer = "No experiments are in the settings."
    return {"banner": banner(seen), "answer": answer, "experiments": [_experiment(each, decided) for each in views]}


def _experiment(each: ExperimentView, decided: Sequence[Activity]) -> dict[str, Any]:
    decision, calls = each.decision, sum(arm.counts.attempts for arm in each.arms)
    return {
        "name": each.name,
        "back": decision.state == "back",
        "at_ms": decision.at_ms,
        "who": decision.who,
        "why": decision.why,
        "changed": each.changed,
        "arms": [_arm(arm, calls) for arm in each.arms],
        "guardrails": [
            {"arm": arm.name, "bars": [_bar(each) for each in arm.standings]} for arm in each.arms if arm.standings
        ],
        "lifts": [{"arm": arm.name, "outcomes": [_lift(each) for each in arm.lifts]} for arm in each.arms if arm.lifts],
        "skewed": [arm.name for arm in each.arms if arm.skewed],
        "history": [entry for entry in decided if (entry.kind, entry.name) == ("experiment", each.name)][:HISTORY],
    }


def _bar(standing: Standing) -> dict[str, Any]:
    """How much of its bound a guardrail's share has come to; a full bar is the bound."""
    if standing.bound is None or not standing.calls:
        return {"name": standing.guardrail, "width": "0%", "over": False, "words": "too few calls"}
    found = standing.bad / standing.calls
    words = f"{share(found)} of {share(standing.bound)}"
    return {"name": standing.guardrail, "width": f"{min(found / standing.bound, 1.0):.1%}",
            "over": found > standing.bound, "words": words}  # fmt: skip


def _lift(lift: Lift) -> dict[str, Any]:
    """An outcome of an arm's sessions beside the control's."""
    ours, theirs = (
        money(each) if lift.outcome == "value" else share(each) for each in (lift.average, lift.control_average)
    )
    return {
        "outcome": lift.outcome,
        "ours": ours,
        "theirs": theirs,
        "change": f"{lift.relative:+.1%}",
        "between": f"{lift.low:+.1%} to {lift.high:+.1%}",
        "sure": lift.sure,
        "least": f"{lift.least:.1%}",
    }


def _arm(arm: ArmView, calls: int) -> dict[str, Any]:
    counts = arm.counts
    return {
        "name": arm.name,
        "kind": arm.kind,
        "percent": f"{arm.percent:g} %",
        "calls": count(counts.attempts),
        "of_calls": share(counts.attempts / calls if calls else None),
        "errors": share(counts.failed / counts.attempts if counts.attempts else None),
        "invalid": share(counts.invalid / counts.answered if counts.answered else None),
        "empty": share(counts.empty / counts.valid if counts.valid else None),
        "p95": seconds(counts.p95_s),
    }
