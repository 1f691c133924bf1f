"""Report: what a tuning came to, as plain values. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from penchant.offline.tune.front import points
from penchant.offline.tune.groups import SEARCHED
from penchant.offline.tune.run import DAYS, Answer, TunePlan
from penchant.offline.whatif.variant import Variant

SIMULATED = (
    "of the simulated GPU alone, on an eighth of the shoppers: a place to begin from, to be measured with the trace on "
    "the engine itself (docs/gpu.md)"
)


def report_of(answer: Answer, plan: TunePlan, source: str) -> Mapping[str, Any]:
    """As `--json` prints it. `points`: ways that can be compared, the cheapest first, by means over their groups."""
    goal, cost = plan.search.target, plan.search.cost
    tried = [{"words": each.words, "groups": len(each.found), "measure": each.mean(goal.name)} for each in answer.tried]
    compared = [asdict(each) | {"whole": each.groups == SEARCHED} for each in points(answer.tried, cost, SEARCHED)]
    return {
        "source": source,
        "target": str(goal),
        "cost": cost,
        "seed": plan.search.seed,
        "met": answer.met,
        "chosen": asdict(answer.chosen),
        "in_force": asdict(answer.in_force),
        "saved": asdict(answer.saved),
        "margin": answer.chosen.margin,
        "held": [asdict(each) for each in answer.held],
        "points": compared,
        "tried": tried,
    }


def verdict(report: Mapping[str, Any]) -> str:
    """Whether the target is held, and by what margin, in a sentence."""
    chosen = report["chosen"]
    return (
        f"{report['target']} is {'' if report['met'] else 'not '}held on another day: {chosen['measure']['mean']:,.4g} "
        f"on {DAYS} of them, {chosen['reached']:,.4g} or better in 39 of 40 cases, a margin of {report['margin']:,.4g}"
    )


def engine_report(answer: Answer, chosen: Variant) -> Mapping[str, Any]:
    """What the engine's own settings should be for what was chosen, and what was seen with other values."""
    return {
        "what": SIMULATED,
        "settings": answer.chosen.words,
        "timing": asdict(chosen.timing),
        "gpus": chosen.gpus,
        "engine": [asdict(each) for each in answer.engine],
    }
