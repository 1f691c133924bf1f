"""Experiments: what is in force, and how the arms did in the last hour."""

from typing import Any

from penchant.console.snapshot import Snapshot
from penchant.console.views.banner import banner
from penchant.console.words import count, many, seconds, share
from penchant.operations.experiments import ArmView, ExperimentView


def experiments(seen: Snapshot) -> dict[str, Any]:
    """Each with its arms, the control last."""
    views = seen.fleet.experiments if seen.fleet is not None else ()
    back = [each.name for each in views if each.decision.state == "back"]
    answer = f"{', '.join(back)} was rolled back." if back else f"{many(len(views), 'experiment')} in force."
    if not views:
        answer = "No experiments are in the settings."
    return {"banner": banner(seen), "answer": answer, "experiments": [_experiment(each) for each in views]}


def _experiment(each: ExperimentView) -> dict[str, Any]:
    decision = each.decision
    return {
        "name": each.name,
        "back": decision.state == "back",
        "at_ms": decision.at_ms,
        "who": decision.who,
        "why": decision.why,
        "changed": each.changed,
        "arms": [_arm(arm) for arm in each.arms],
    }


def _arm(arm: ArmView) -> dict[str, Any]:
    counts = arm.counts
    return {
        "name": arm.name,
        "kind": arm.kind,
        "percent": f"{arm.percent:g} %",
        "calls": count(counts.attempts),
        "errors": share(counts.failed / counts.attempts if counts.attempts else None),
        "invalid": share(counts.invalid / counts.answered if counts.answered else None),
        "empty": share(counts.empty / counts.valid if counts.valid else None),
        "p95": seconds(counts.p95_s),
    }
