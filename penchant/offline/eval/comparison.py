"""Comparison: whether a predictor beats another, and whether one has fallen to chance where it must. Pure."""

from collections.abc import Mapping
from typing import Any

from penchant.offline.eval.guesses import TRIVIAL
from penchant.offline.eval.measures import SCORED
from penchant.offline.eval.table import Score, difference

SATURATED = 0.8
"""From here on a trivial rule leaves little to be better at; a higher score says little about a predictor."""

FAR = 5.0
"""Standard errors from chance that no honest predictor shows on shuffled events, over all measures and seeds."""

Scores = Mapping[str, Mapping[str, Score]]


def comparisons(scores: Scores) -> list[dict[str, Any]]:
    """Every predictor that is not trivial beside each one before it, by every measure that has a better way."""
    names = list(scores)
    return [
        _compared(measure.name, measure.better, scores, name, against)
        for measure in SCORED
        if measure.better
        for at, name in enumerate(names)
        if name not in TRIVIAL
        for against in names[:at]
        if measure.name in scores[name] and measure.name in scores[against]
    ]


def far_from_chance(scores: Scores) -> list[dict[str, Any]]:
    """Where a predictor is better or worse than chance allows: on shuffled events, a leak or a fault of the harness."""
    return [
        {"predictor": name, "measure": measure, "above_chance": round(score.above_chance, 1)}
        for name, each in scores.items()
        for measure, score in each.items()
        if score.above_chance is not None and abs(score.above_chance) > FAR
    ]


def farthest(scores: Scores) -> dict[str, Any]:
    """How many scores were held against chance, and the most standard errors that any of them is away from it."""
    held = [abs(score.above_chance) for each in scores.values() for score in each.values() if score.above_chance]
    return {"scores": len(held), "farthest": round(max(held, default=0.0), 1)}


def _compared(measure: str, better: Any, scores: Scores, name: str, against: str) -> dict[str, Any]:
    mine, theirs = scores[name][measure], scores[against][measure]
    gained, (low, high) = difference(mine, theirs, better)
    told = "better" if low > 0 else "worse" if high < 0 else "even"
    saturated = against in TRIVIAL and better == "higher" and theirs.value >= SATURATED
    return {
        "measure": measure,
        "predictor": name,
        "against": against,
        "gained": round(gained, 4),
        "interval": [round(low, 4), round(high, 4)],
        "verdict": "saturated" if saturated else told,
    }
