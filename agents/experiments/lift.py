"""Lift: what became of an arm's sessions beside its control's, by an interval that may be looked at any time. Pure.

The interval is that of a mixture sequential test (Robbins 1970; Johari, Pekelis and Walsh 2015): however often somebody
looks, and whenever the experiment is ended, the true difference lies outside of it with a chance of at most 1 - SURE.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from streams.events.event import Action

Conversion = Literal["clicked", "carted", "purchased"]
CONVERSIONS: tuple[Conversion, ...] = get_args(Conversion)
CONVERTS: Mapping[Action, Conversion] = {"click": "clicked", "cart_add": "carted", "purchase": "purchased"}
"""What an action makes of its session, once."""

SURE = 0.95
USUAL = 0.05
"""The lift, as a share of the control's rate, that the test is tuned to find soonest. Any other is found too."""

SPLIT_ALPHA = 1e-4
SESSIONS_A_SHOPPER = 4.0
"""Shoppers are assigned and sessions are counted: a split varies by so much more than that of sessions would."""

LEAST_SESSIONS = 100
"""Before arm and control have so many each, nothing is said."""


class Conversions(NamedTuple):
    """Sessions that began, and how many of them had each outcome at least once."""

    sessions: int = 0
    clicked: int = 0
    carted: int = 0
    purchased: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Conversions":
        """From counts by what they count; what is not known here is left out."""
        return cls(*(counts.get(name, 0) for name in cls._fields))


@dataclass(frozen=True, slots=True)
class Lift:
    """The difference of two rates as a share of the control's: 0.1 is a tenth more. It lies between `low` and `high`;
    `least` is the smallest that could be told from none by now."""

    conversion: Conversion
    rate: float
    control_rate: float
    relative: float
    low: float
    high: float

    @property
    def least(self) -> float:
        """Half of the interval."""
        return (self.high - self.low) / 2

    @property
    def sure(self) -> bool:
        """Whether there is surely a difference."""
        return self.low > 0 or self.high < 0


def lifts(arm: Conversions, control: Conversions) -> list[Lift]:
    """One for each outcome that the control has seen; none before there are enough sessions."""
    if min(arm.sessions, control.sessions) < LEAST_SESSIONS:
        return []
    found = (_lift(each, arm, control) for each in CONVERSIONS)
    return [each for each in found if each is not None]


def skewed(arm: Conversions, control: Conversions, share: float) -> bool:
    """Whether the sessions are surely split otherwise than the settings say, where `share` of both are to be the arm's:
    then something loses or adds sessions on one side, and no lift is to be believed."""
    sessions = arm.sessions + control.sessions
    if sessions < LEAST_SESSIONS or not 0 < share < 1:
        return False
    variance = SESSIONS_A_SHOPPER * share * (1 - share) / sessions
    return abs(arm.sessions / sessions - share) > _half_width(variance, USUAL * min(share, 1 - share), SPLIT_ALPHA)


def _lift(conversion: Conversion, arm: Conversions, control: Conversions) -> Lift | None:
    ours, theirs = getattr(arm, conversion) / arm.sessions, getattr(control, conversion) / control.sessions
    if not theirs:
        return None
    variance = _variance(getattr(arm, conversion), arm.sessions) + _variance(
        getattr(control, conversion), control.sessions
    )
    half = _half_width(variance, USUAL * theirs, 1 - SURE) / theirs
    relative = ours / theirs - 1
    return Lift(conversion, ours, theirs, relative, relative - half, relative + half)


def _variance(converted: int, sessions: int) -> float:
    """Of a rate, with one session added on either side: a rate of none or all is not known for sure."""
    rate = (converted + 1) / (sessions + 2)
    return rate * (1 - rate) / sessions


def _half_width(variance: float, usual: float, alpha: float) -> float:
    """Of the interval around an estimate of this variance; a normal mixture over effects of about `usual` tests."""
    spread = usual * usual
    both = variance + spread
    return math.sqrt(2 * variance * both / spread * (math.log(1 / alpha) + math.log(both / variance) / 2))
