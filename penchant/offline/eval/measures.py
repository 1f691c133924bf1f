"""Measures: what is asked of a guess at each cut, where it can be asked, and which way is better. Pure."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from penchant.offline.eval import scores
from penchant.offline.eval.cases import Case, Shown, Step
from penchant.offline.eval.guesses import Guess

Target = Literal["category", "switch", "brand", "price", "next"]
Better = Literal["higher", "lower", ""]

DRAWS = 8
"""Strangers' steps that stand in for each target, to tell what chance would score."""

TRIES = 400


@dataclass(frozen=True, slots=True)
class Measure:
    """One score a case. `better` is empty where neither way is; `says` is for people."""

    name: str
    target: Target
    better: Better
    says: str
    score: Callable[[Guess, Shown, Step], float]
    asks: Callable[[Guess], bool] = lambda _: True


def target(case: Case, kind: Target) -> Step | None:
    """What is to be foreseen here; None where there is nothing of the kind."""
    step = case.following if kind == "next" else case.unseen
    return step if step and fits(kind, case.shown, step) else None


def fits(kind: Target, shown: Shown, step: Step) -> bool:
    """Whether a step, of the same shopper or drawn, can stand as a target at this cut."""
    if kind == "next":
        return True
    if not step.item or step.item in shown.view.products:
        return False
    if kind == "switch":
        return bool(step.category) and shown.last_category not in {"", step.category}
    if kind == "price":
        return step.price > 0 and shown.population.band is not None
    return bool(step.category if kind == "category" else step.brand)


def strangers(case: Case, kind: Target, pool: Sequence[Step], dice: random.Random) -> list[Step]:
    """Steps of anybody that could stand as the target, by chance; fewer than DRAWS where hardly any can."""
    drawn = (pool[dice.randrange(len(pool))] for _ in range(TRIES))
    found: list[Step] = []
    for step in drawn:
        if fits(kind, case.shown, step):
            found.append(step)
            if len(found) == DRAWS:
                break
    return found


def band(guess: Guess, shown: Shown) -> tuple[float, float]:
    """The guess's price band; everyone's where it has none."""
    found = guess.band or shown.population.band
    if found is None:
        raise AssertionError("no price is asked for before anybody has seen one")
    return found


def _leads(guess: Guess, step: Step) -> bool:
    return guess.categories[:1] == (step.category,)


def _purchase(guess: Guess) -> float:
    return guess.purchase or 0.0


def _confidence(guess: Guess) -> float:
    return guess.confidence or 0.0


_MEASURES = (
    Measure("switch_hit_3", "switch", "higher", "next unseen item's category is among the first three, at switches",
            lambda guess, _, step: float(step.category in guess.categories[:3])),
    Measure("switch_rank", "switch", "higher", "one over the rank of that category",
            lambda guess, _, step: scores.reciprocal_rank(guess.categories, step.category)),
    Measure("category_hit", "category", "higher", "next unseen item's category is the first, everywhere",
            lambda guess, _, step: float(_leads(guess, step))),
    Measure("brand_hit", "brand", "higher", "next unseen item's brand is the first",
            lambda guess, _, step: float(guess.brands[:1] == (step.brand,))),
    Measure("brand_hit_3", "brand", "higher", "next unseen item's brand is among the first three",
            lambda guess, _, step: float(step.brand in guess.brands[:3])),
    Measure("band_coverage", "price", "", "the price band holds the next unseen item's price",
            lambda guess, shown, step: float(band(guess, shown)[0] <= step.price <= band(guess, shown)[1])),
    Measure("band_width", "price", "", "the band's width in doublings",
            lambda guess, shown, _: scores.width(*band(guess, shown))),
    Measure("band_score", "price", "lower", "width and misses together (interval score, 80 %), in doublings",
            lambda guess, shown, step: scores.interval_score(*band(guess, shown), step.price)),
    Measure("purchase_log_loss", "next", "lower", "surprise at the next event being a purchase or not, in nats",
            lambda guess, _, step: scores.log_loss(_purchase(guess), happened=step.action == "purchase"),
            lambda guess: guess.purchase is not None),
    Measure("confidence_brier", "category", "lower", "squared error of the confidence that the first category is next",
            lambda guess, _, step: scores.brier(_confidence(guess), happened=_leads(guess, step)),
            lambda guess: guess.confidence is not None),
)  # fmt: skip
MEASURES: Mapping[str, Measure] = {each.name: each for each in _MEASURES}
"""Scores that are means over cases."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A score of all cases together: of probabilities, and whether what they are of happened."""

    name: str
    target: Target
    better: Better
    says: str
    score: Callable[[scores.Floats, scores.Floats, scores.Floats], scores.Floats]
    said: Callable[[Guess], float | None]
    happened: Callable[[Guess, Step], bool]
    chance: float | None


_CURVES = (
    Curve("purchase_auc", "next", "higher", "how often a purchase was thought likelier than anything else",
          scores.auc, lambda guess: guess.purchase, lambda _, step: step.action == "purchase", 0.5),
    Curve("confidence_ece", "category", "lower", "distance between confidence and how often it was right",
          scores.calibration_error, lambda guess: guess.confidence, _leads, None),
)  # fmt: skip
CURVES: Mapping[str, Curve] = {each.name: each for each in _CURVES}

SCORED: Sequence[Measure | Curve] = (*_MEASURES, *_CURVES)
"""Everything that is scored, in the order of reports."""
