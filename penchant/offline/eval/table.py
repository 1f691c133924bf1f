"""Table: every predictor's scores with intervals, and how it compares with another. Pure, and the same for a seed.

Intervals are a bootstrap by session: cuts of one session are no independent trials, so whole sessions are drawn.
Every predictor is scored under the same draws, so that a difference has an interval of its own.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from penchant.offline.eval.cases import Cases, Step
from penchant.offline.eval.guesses import Guess
from penchant.offline.eval.measures import CURVES, MEASURES, SCORED, Better, Curve, Measure, Target, strangers, target
from penchant.offline.eval.scores import Floats

DRAWS = 400
TAILS = (2.5, 97.5)
FEW = 20
"""Of fewer that happened, or did not, no bootstrap tells how far their curve may be from chance."""

Numbers = NDArray[np.int64]
Guesses = Mapping[str, Sequence[Guess]]
"""A guess for each case, by predictor."""


@dataclass(frozen=True, slots=True)
class Score:
    """A value, its 95 % interval, what chance would score, and on how many cases. `drawn` is the value under each
    draw of the bootstrap. `above_chance` is how many standard errors it is better than chance (negative: worse)."""

    value: float
    interval: tuple[float, float]
    chance: float | None
    above_chance: float | None
    cases: int
    drawn: Floats

    def report(self) -> dict[str, object]:
        """As JSON; four digits."""
        named = {"value": self.value, "chance": self.chance, "above_chance": self.above_chance}
        rounded = {name: None if value is None else round(value, 4) for name, value in named.items()}
        return {**rounded, "interval": [round(bound, 4) for bound in self.interval], "cases": self.cases}


class Table:
    """Scores guesses on cases."""

    def __init__(self, cases: Cases, seed: int) -> None:
        dice = random.Random(seed)
        self._cases = cases.cases
        even = np.full(cases.visits, 1 / max(cases.visits, 1))
        self._weights = np.random.default_rng(seed).multinomial(cases.visits, even, DRAWS).astype(float)
        kinds: set[Target] = {each.target for each in SCORED}
        self._asked = {
            kind: [
                (at, step, strangers(case, kind, cases.pool, dice))
                for at, case in enumerate(self._cases)
                if (step := target(case, kind)) is not None
            ]
            for kind in sorted(kinds)
        }

    def scores(self, guesses: Guesses) -> dict[str, dict[str, Score]]:
        """By predictor and measure; a measure is left out where it was asked nowhere, or the predictor says nothing."""
        return {
            name: {
                **{each.name: score for each in MEASURES.values() if (score := self._mean(each, made))},
                **{each.name: score for each in CURVES.values() if (score := self._curve(each, made))},
            }
            for name, made in guesses.items()
        }

    def ratio(self, parts: Sequence[float], wholes: Sequence[float]) -> tuple[float, tuple[float, float]] | None:
        """What the parts of all cases are of their wholes, and the 95 % interval; None where there is no whole."""
        visits = self._visits(range(len(self._cases)))
        part, whole = (self._sums(visits, np.array(each, dtype=float)) for each in (parts, wholes))
        if not whole.sum():
            return None
        low, high = _bounds(_ratio(self._weights @ part, self._weights @ whole))
        return round(float(part.sum() / whole.sum()), 4), (round(low, 4), round(high, 4))

    def _mean(self, measure: Measure, guesses: Sequence[Guess]) -> Score | None:
        asked = [each for each in self._asked[measure.target] if each[2] and measure.asks(guesses[each[0]])]
        if not asked:
            return None
        real = np.array([self._ask(measure, guesses, at, step) for at, step, _ in asked])
        chance = np.array([fmean(self._ask(measure, guesses, at, one) for one in some) for at, _, some in asked])
        visits = self._visits([at for at, _, _ in asked])
        sums, counts = self._sums(visits, real), self._sums(visits, np.ones_like(real))
        drawn = _ratio(self._weights @ sums, self._weights @ counts)
        gained = real - chance if measure.better != "lower" else chance - real
        above = _standard_errors(self._sums(visits, gained), counts)
        return _score(float(real.mean()), drawn, float(chance.mean()), above, len(asked))

    def _ask(self, measure: Measure, guesses: Sequence[Guess], at: int, step: Step) -> float:
        return measure.score(guesses[at], self._cases[at].shown, step)

    def _curve(self, curve: Curve, guesses: Sequence[Guess]) -> Score | None:
        said, happened, visits = self.column(curve, guesses)
        rarer = min(happened.sum(), len(happened) - happened.sum())
        if not rarer:
            return None
        value = float(curve.score(said, happened, np.ones((1, len(said))))[0])
        drawn = curve.score(said, happened, self._weights[:, visits])
        judged = curve.chance is not None and rarer >= FEW
        above = (value - (curve.chance or 0.0)) / max(float(np.nanstd(drawn)), 1e-9) if judged else None
        return _score(value, drawn, curve.chance, above, len(said))

    def column(self, curve: Curve, guesses: Sequence[Guess]) -> tuple[Floats, Floats, Numbers]:
        """What was said, what happened, and in which session, wherever the predictor says anything."""
        rows = [
            (said, curve.happened(guesses[at], step), at)
            for at, step, _ in self._asked[curve.target]
            if (said := curve.said(guesses[at])) is not None
        ]
        numbers = np.array([row[:2] for row in rows], dtype=float).reshape(-1, 2)
        return numbers[:, 0], numbers[:, 1], self._visits([row[2] for row in rows])

    def _visits(self, at: Sequence[int]) -> Numbers:
        return np.array([self._cases[each].visit for each in at], dtype=np.int64)

    def _sums(self, visits: Numbers, values: Floats) -> Floats:
        return np.bincount(visits, values, self._weights.shape[1]).astype(np.float64)


def difference(one: Score, other: Score, better: Better) -> tuple[float, tuple[float, float]]:
    """By how much one is better than the other, and the 95 % interval of that."""
    sign = -1 if better == "lower" else 1
    return sign * (one.value - other.value), _bounds(sign * (one.drawn - other.drawn))


def _ratio(sums: Floats, counts: Floats) -> Floats:
    """Not a number for draws without any of the cases."""
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def _score(value: float, drawn: Floats, chance: float | None, above: float | None, cases: int) -> Score:
    return Score(value, _bounds(drawn), chance, above, cases, drawn)


def _bounds(drawn: Floats) -> tuple[float, float]:
    low, high = np.nanpercentile(drawn, TAILS)
    return float(low), float(high)


def _standard_errors(sums: Floats, counts: Floats) -> float:
    """How many of its standard errors a mean is from zero; sessions are what is independent."""
    mean = sums.sum() / counts.sum()
    error = float(np.sqrt(((sums - mean * counts) ** 2).sum())) / counts.sum()
    return float(mean / error) if error > 0 else 0.0
