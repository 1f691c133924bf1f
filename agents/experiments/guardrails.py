"""Guardrails: from what became of the calls of an arm and of its control to a verdict. Pure.

Outcomes of sessions are judged by their lift (agents/experiments/lift.py), everything else as follows.

Each guardrail is a share of bad outcomes, and the question whether an arm's true share is above a bound that is made of
the control's. It is asked again with every second's counts, so the answer has to be one that may be asked for at any
time: a likelihood ratio of worse shares against the bound, averaged over several. While the true share is at the bound
or below, the chance that it ever reaches 1/ALPHA is at most ALPHA (Ville's inequality).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from agents.experiments.lift import Conversions, Outcome, lifts
from agents.experiments.outcomes import LATENCY_S, Counts
from agents.health.wilson import wilson
from streams.section import Calls, section, unit

BUCKET_S = 300
"""Counts are kept by spans of this length: the test begins anew at each, so that what was good before hides nothing."""

BUCKETS = 12
"""How many spans are looked back over."""

ALPHA = 1e-5
WORSE = (1.5, 2.5, 5.0, 15.0)
"""The alternatives that the bound is held against: odds so many times those of the bound."""

SURE_Z = 2.33
"""How far above its measured share the control's true share may lie (a one-sided 99 % bound)."""

SLOW_SHARE = 0.05
"""p95: the share of calls that may be slower."""

LOSS_ALPHA = 1e-3
"""The chance that an arm whose outcome is just as much lower as it may be is ever convicted of more."""

OfCalls = Literal["errors", "parroted answers", "invalid answers", "empty evidence", "latency"]
Guardrail = Literal[OfCalls, Outcome]


Margin = Annotated[float, Field(gt=0, lt=1), unit("share of one")]


@section
class GuardrailRules:
    """How much worse than the control a live arm may be before its experiment is rolled back."""

    min_calls: Calls = 100
    """Nothing is judged before arm and control have so many calls each."""
    errors: Margin = 0.02
    """How much larger the share of calls may be that fail, as a share of one."""
    invalid: Margin = 0.02
    """The same for answers that are no intent."""
    parroted: Margin = 0.02
    """The same for answers that repeat an example of the prompt."""
    empty: Margin = 0.05
    """The same for answers that name no evidence."""
    p95_factor: Annotated[float, Field(ge=1.1, le=10), unit("factor")] = 1.25
    """How many times as long a call may take, by p95."""
    clicked: Margin | None = None
    """How much lower the share of sessions with a click may be, as a share of the control's; None: that is not judged.
    """
    carted: Margin | None = None
    """The same for sessions that put something in the cart."""
    purchased: Margin | None = None
    """The same for sessions that bought."""
    value: Margin | None = None
    """The same for what sessions come to; needs lift.currency."""
    clicked_through: Margin | None = None
    """The same for impressions of which a product was opened; needs kafka.impressions_topic."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A guardrail that an arm has broken, by these shares of bad outcomes among so many calls; of an outcome of
    sessions, by its average."""

    guardrail: Guardrail
    calls: int
    share: float
    bound: float
    told: str


class Standing(NamedTuple):
    """How many of an arm's calls are bad by a guardrail, and the bound that their true share is held against; None
    where there are too few calls, or nothing to compare with. `told` is the comparison in words."""

    guardrail: OfCalls
    bad: int
    calls: int
    bound: float | None = None
    told: str = ""


def breach(arm: Sequence[Counts], control: Sequence[Counts], rules: GuardrailRules) -> Breach | None:
    """The first guardrail that an arm breaks. The counts are by span, the oldest first, the same spans for both."""
    mine, theirs = Counts(), Counts()
    for one, other in zip(reversed(arm), reversed(control), strict=True):
        mine, theirs = mine + one, theirs + other
        if found := _judged(mine, theirs, rules):
            return found
    return None


def loss(arm: Conversions, control: Conversions, rules: GuardrailRules) -> Breach | None:
    """The first outcome of which an arm surely has less than it may; by all sessions since the experiment stands."""
    for lift in lifts(arm, control, LOSS_ALPHA):
        margin = getattr(rules, lift.outcome)
        if margin is not None and lift.high < -margin:
            told = f"{lift.relative:+.1%} (at most {lift.high:+.1%}) of {lift.of}, {-margin:.1%} is let be"
            bound = lift.control_average * (1 - margin)
            return Breach(lift.outcome, lift.of, lift.average, bound, told)
    return None


def standings(arm: Counts, control: Counts, rules: GuardrailRules) -> Iterator[Standing]:
    """How an arm stands to each guardrail, by counts of the same time."""
    shares: tuple[tuple[OfCalls, float, int, int, int, int], ...] = (
        ("errors", rules.errors, arm.failed, arm.attempts, control.failed, control.attempts),
        ("parroted answers", rules.parroted, arm.parroted, arm.answered, control.parroted, control.answered),
        ("invalid answers", rules.invalid, arm.invalid, arm.answered, control.invalid, control.answered),
        ("empty evidence", rules.empty, arm.empty, arm.valid, control.empty, control.valid),
    )
    enough = min(arm.attempts, control.attempts) >= rules.min_calls
    for guardrail, margin, bad, calls, their_bad, their_calls in shares:
        if not enough or min(calls, their_calls) < rules.min_calls:
            yield Standing(guardrail, bad, calls)
            continue
        bound = min(upper(their_bad, their_calls) + margin, 0.99)
        told = f"{bad / calls:.1%} of {calls} calls, the control has {their_bad / their_calls:.1%} of {their_calls}"
        yield Standing(guardrail, bad, calls, bound, told)
    yield _speed(arm, control, rules) if enough else Standing("latency", 0, arm.answered)


def _judged(arm: Counts, control: Counts, rules: GuardrailRules) -> Breach | None:
    for each in standings(arm, control, rules):
        if each.bound is not None and convicts(each.bad, each.calls, each.bound):
            return Breach(each.guardrail, each.calls, each.bad / each.calls, each.bound, each.told)
    return None


def _speed(arm: Counts, control: Counts, rules: GuardrailRules) -> Standing:
    """By the calls that are slower than the control's p95 times the factor, at the next bucket's: one in twenty may."""
    p95_s = control.p95_s
    marks = (number for number, bound_s in enumerate(LATENCY_S) if p95_s and bound_s >= p95_s * rules.p95_factor)
    mark = next(marks, None)
    if mark is None or min(arm.answered, control.answered) < rules.min_calls:
        return Standing("latency", 0, arm.answered)
    slow = sum(arm.latency[mark + 1 :])
    share = slow / arm.answered
    told = f"{share:.1%} of {arm.answered} calls took over {LATENCY_S[mark]:.2f} s, the control's p95 is {p95_s:.2f} s"
    return Standing("latency", slow, arm.answered, SLOW_SHARE, told)


def convicts(bad: int, calls: int, bound: float) -> bool:
    """Whether so many bad ones say that the true share is above the bound."""
    if bad <= bound * calls:
        return False
    ratios = [_log_ratio(bad, calls, bound, worse) for worse in WORSE]
    highest = max(ratios)
    return highest + math.log(sum(math.exp(ratio - highest) for ratio in ratios) / len(ratios)) >= -math.log(ALPHA)


def upper(bad: int, calls: int) -> float:
    """A share's upper bound."""
    return wilson(bad, calls, SURE_Z)[1]


def _log_ratio(bad: int, calls: int, bound: float, worse: float) -> float:
    odds = worse * bound / (1 - bound)
    other = odds / (1 + odds)
    return bad * math.log(other / bound) + (calls - bad) * math.log((1 - other) / (1 - bound))
