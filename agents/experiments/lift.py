"""Lift: what became of an arm's sessions beside its control's, by an interval that may be looked at any time. Pure.

The interval is that of a mixture sequential test (Robbins 1970; Johari, Pekelis and Walsh 2015): however often somebody
looks, and whenever the experiment is ended, the true difference lies outside of it with a chance of at most 1 - SURE.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from agents.experiments.value import HUNDREDTHS
from streams.events.event import Action

Conversion = Literal["clicked", "carted", "purchased"]
CONVERSIONS: tuple[Conversion, ...] = get_args(Conversion)
Outcome = Literal[Conversion, "value", "clicked_through"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
CONVERTS: Mapping[Action, Conversion] = {"click": "clicked", "cart_add": "carted", "purchase": "purchased"}
"""What an action makes of its session, once."""

SURE = 0.95
USUAL = 0.05
"""The lift, as a share of the control's rate, that the test is tuned to find soonest. Any other is found too."""

SPLIT_ALPHA = 1e-4
SESSIONS_A_SHOPPER = 4.0
"""Shoppers are assigned and sessions are counted: a split varies by so much more than that of sessions would."""

IMPRESSIONS_A_SHOPPER = 4.0
"""Shoppers see many lists, and some open products of nearly all: click-through varies by so much more than by chance
alone. It is about what twenty lists a shopper make of it, whose own rates are spread widely."""

LEAST_SESSIONS = 100
"""Before arm and control have so many each, or as many impressions, nothing is said."""

LEAST_PURCHASES = 30
"""Before as many sessions of either bought, nothing is said of their value: a few orders would decide it."""


class Conversions(NamedTuple):
    """Sessions that began, and how many of them had each outcome at least once; what their purchases come to, in
    hundredths of the currency's unit, and the sum of the squares of the sessions' values, in squared units.

    Impressions of which it is known what became of them, those of which a product was opened, and those that an intent
    had put in order; the products shown and opened, and the sum of the latters' positions."""

    sessions: int = 0
    clicked: int = 0
    carted: int = 0
    purchased: int = 0
    value: int = 0
    value_squares: int = 0
    impressions: int = 0
    clicked_through: int = 0
    intents_used: int = 0
    products_shown: int = 0
    products_opened: int = 0
    positions_opened: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Conversions":
        """From counts by what they count; what is not known here is left out."""
        return cls(*(counts.get(name, 0) for name in cls._fields))


IMPRESSIONS = Conversions._fields[Conversions._fields.index("impressions") :]


class Mean(NamedTuple):
    """An average over so many sessions or impressions, and the variance of that average."""

    average: float
    variance: float
    of: int


@dataclass(frozen=True, slots=True)
class Lift:
    """The difference of two averages as a share of the control's: 0.1 is a tenth more. It lies between `low` and
    `high`; `least` is the smallest that could be told from none by now. `average` is the share of sessions that had
    the outcome, or their value in units of the currency; of `clicked_through` it is the share of impressions. There are
    `of` and `control_of` of them."""

    outcome: Outcome
    average: float
    control_average: float
    relative: float
    low: float
    high: float
    of: int
    control_of: int

    @property
    def least(self) -> float:
        """Half of the interval."""
        return (self.high - self.low) / 2

    @property
    def sure(self) -> bool:
        """Whether there is surely a difference."""
        return self.low > 0 or self.high < 0


def lifts(arm: Conversions, control: Conversions, alpha: float = 1 - SURE) -> list[Lift]:
    """One for each outcome that the control has seen and there is enough of. `alpha` is the chance that an interval
    ever leaves out the true lift."""
    found = (_lift(each, _mean(each, arm), _mean(each, control), alpha) for each in OUTCOMES)
    return [each for each in found if each is not None]


def skewed(arm: Conversions, control: Conversions, share: float) -> bool:
    """Whether the sessions are surely split otherwise than the settings say, where `share` of both are to be the arm's:
    then something loses or adds sessions on one side, and no lift is to be believed."""
    sessions = arm.sessions + control.sessions
    if sessions < LEAST_SESSIONS or not 0 < share < 1:
        return False
    variance = SESSIONS_A_SHOPPER * share * (1 - share) / sessions
    return abs(arm.sessions / sessions - share) > _half_width(variance, USUAL * min(share, 1 - share), SPLIT_ALPHA)


def _mean(outcome: Outcome, counts: Conversions) -> Mean | None:
    """None where there is too little; of a value of few purchases the variance is not known yet."""
    of = counts.impressions if outcome == "clicked_through" else counts.sessions
    if of < LEAST_SESSIONS or (outcome == "value" and counts.purchased < LEAST_PURCHASES):
        return None
    if outcome != "value":
        happened, times = getattr(counts, outcome), IMPRESSIONS_A_SHOPPER if outcome == "clicked_through" else 1.0
        return Mean(happened / of, times * _variance(happened, of), of)
    average = counts.value / HUNDREDTHS / of
    return Mean(average, max(counts.value_squares / of - average * average, 0.0) / of, of)


def _lift(outcome: Outcome, ours: Mean | None, theirs: Mean | None, alpha: float) -> Lift | None:
    if ours is None or theirs is None or not theirs.average:
        return None
    variance = ours.variance + theirs.variance
    half = _half_width(variance, USUAL * theirs.average, alpha) / theirs.average if variance else 0.0
    relative = ours.average / theirs.average - 1
    return Lift(outcome, ours.average, theirs.average, relative, relative - half, relative + half, ours.of, theirs.of)


def _variance(converted: int, sessions: int) -> float:
    """Of a rate, with one session added on either side: a rate of none or all is not known for sure."""
    rate = (converted + 1) / (sessions + 2)
    return rate * (1 - rate) / sessions


def _half_width(variance: float, usual: float, alpha: float) -> float:
    """Of the interval around an estimate of this variance; a normal mixture over effects of about `usual` tests."""
    spread = usual * usual
    both = variance + spread
    return math.sqrt(2 * variance * both / spread * (math.log(1 / alpha) + math.log(both / variance) / 2))
