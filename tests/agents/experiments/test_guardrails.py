"""Guardrails: what convicts an arm, and what does not."""

import math
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.experiments.guardrails import (
    ALPHA,
    BUCKETS,
    GuardrailRules,
    OfCalls,
    breach,
    convicts,
    loss,
    standings,
    upper,
)
from agents.experiments.lift import Conversions
from agents.experiments.outcomes import LATENCY_S, ArmCallCounter, Counts, Outcomes

RULES = GuardrailRules()
SIZES = st.integers(0, 5_000)


def counts(
    answered: int, failed: int = 0, invalid: int = 0, empty: int = 0, seconds: float = 1.0, parroted: int = 0
) -> Counts:
    """So many calls, all of them as fast."""
    bucket = next(number for number, bound_s in enumerate(LATENCY_S) if bound_s >= seconds)
    latency = [0] * (len(LATENCY_S) + 1)
    latency[bucket] = answered
    return Counts(failed, invalid, empty, parroted=parroted, latency=tuple(latency))


CONTROL = counts(10_000, failed=100, invalid=200, empty=1_000)


def judged(arm: Counts, control: Counts = CONTROL, rules: GuardrailRules = RULES) -> str | None:
    found = breach([arm], [control], rules)
    return found.guardrail if found else None


@pytest.mark.parametrize(
    ("arm", "guardrail"),
    [
        (counts(800, failed=200), "errors"),
        (counts(0, failed=100), "errors"),
        (counts(1_000, invalid=200), "invalid answers"),
        (counts(1_000, empty=400), "empty evidence"),
        (counts(300, invalid=60, parroted=60), "parroted answers"),
        (counts(1_000, seconds=3.0), "latency"),
    ],
)
def test_each_guardrail_convicts_by_its_own_name(arm: Counts, guardrail: str) -> None:
    """Far worse than the control, in one respect."""
    assert judged(arm) == guardrail


@pytest.mark.parametrize(
    "arm",
    [
        counts(990, failed=10, invalid=20, empty=100),
        counts(970, failed=30, invalid=25, empty=120, seconds=1.2),
        counts(10_000),
        counts(0),
    ],
)
def test_an_arm_like_its_control_is_let_be(arm: Counts) -> None:
    """Also one that is worse by less than the margin, or better, or has no calls."""
    assert judged(arm) is None


def test_nothing_is_judged_on_a_small_sample() -> None:
    """Of the arm, or of the control."""
    assert judged(counts(0, failed=99)) is None
    assert judged(counts(0, failed=5_000), counts(99)) is None
    assert judged(counts(0, failed=5_000), counts(100)) == "errors"


def test_an_outage_of_everybody_convicts_nobody() -> None:
    """The bound moves with the control."""
    assert judged(counts(100, failed=900), counts(1_000, failed=9_000)) is None


def test_a_canary_that_goes_bad_late_is_still_seen() -> None:
    """An hour of good calls does not outweigh the last minutes."""
    good, bad = counts(2_000), counts(70, failed=60)
    assert breach([good] * (BUCKETS - 1) + [good + bad], [CONTROL] * BUCKETS, RULES) is None
    found = breach([*[good] * (BUCKETS - 1), bad], [CONTROL] * BUCKETS, RULES)
    assert found is not None
    assert (found.guardrail, found.calls) == ("errors", 130)
    assert "46.2% of 130 calls" in found.told


def test_control_beyond_the_scale_is_not_compared() -> None:
    """Where the control's p95 lies beyond the last bucket, nobody can be slower."""
    slow = Counts(latency=(*[0] * len(LATENCY_S), 1_000))
    assert judged(slow, slow) is None


@settings(deadline=None)
@given(st.integers(1, 5_000), st.floats(0.001, 0.98), st.data())
def test_more_bad_ones_never_acquit(calls: int, bound: float, data: st.DataObject) -> None:
    """Conviction is monotone in the bad ones, and needs a share above the bound."""
    bad = data.draw(st.integers(0, calls))
    if convicts(bad, calls, bound):
        assert bad / calls > bound
        assert convicts(min(bad + 1, calls), calls, bound)


@settings(deadline=None)
@given(st.floats(0.01, 0.5), st.integers(10, 300))
def test_at_the_bound_a_conviction_is_rarer_than_alpha(bound: float, calls: int) -> None:
    """Exactly, by the binomial distribution, for any number of calls."""
    first = next((bad for bad in range(calls + 1) if convicts(bad, calls, bound)), calls + 1)
    chance = sum(
        math.exp(
            math.lgamma(calls + 1) - math.lgamma(bad + 1) - math.lgamma(calls - bad + 1)
            + bad * math.log(bound) + (calls - bad) * math.log(1 - bound)
        )
        for bad in range(first, calls + 1)
    )  # fmt: skip
    assert chance <= ALPHA


@settings(deadline=None)
@given(st.integers(1, 10_000), st.data())
def test_the_upper_bound_lies_above_the_share(calls: int, data: st.DataObject) -> None:
    """And comes closer with more calls."""
    bad = data.draw(st.integers(0, calls))
    assert bad / calls - 1e-9 <= upper(bad, calls) <= 1
    assert upper(10 * bad, 10 * calls) <= upper(bad, calls) + 1e-9


@settings(deadline=None)
@given(st.tuples(SIZES, SIZES, SIZES), st.tuples(SIZES, SIZES, SIZES))
def test_counts_add_up(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    """Field by field, whoever counted."""
    both = counts(*one) + counts(*other)
    assert (both.answered, both.failed, both.invalid) == tuple(map(sum, zip(one, other, strict=True)))
    assert both.attempts == both.answered + both.failed


def test_p95_is_read_off_the_buckets() -> None:
    """Between the bounds of the bucket that holds it; none without answers, or beyond the last bound."""
    assert Counts().p95_s is None
    assert Counts(latency=(*[0] * len(LATENCY_S), 5)).p95_s is None
    mixed = counts(95, seconds=1.0) + counts(5, seconds=6.0)
    assert mixed.p95_s == pytest.approx(1.131, abs=0.001)
    assert 0.8 < (counts(100, seconds=1.0).p95_s or 0) < 1.131


def test_outcomes_are_taken_once() -> None:
    """Totals stay for metrics, what is pooled goes once; nobody's calls count nowhere."""
    outcomes = Outcomes()
    tally = ArmCallCounter(outcomes, (("x", "new"), ("y", "control")))
    tally.note("failed")
    tally.answered(0.3)
    taken = outcomes.take()
    assert not outcomes.take()
    for key in (("x", "new"), ("y", "control")):
        mine = Counts.of({what: count for (whose, what), count in taken.items() if whose == key})
        assert (mine.failed, mine.answered) == (1, 1)
        assert outcomes.totals[key]["failed"] == 1
        assert outcomes.latency_s[key].cumulated()[-1] == (float("inf"), 1)


def test_how_an_arm_stands_is_what_it_is_judged_by() -> None:
    """Each guardrail once, in their order; the breach is the first that convicts, and too few calls have no bound."""
    arm = counts(1_000, invalid=200, seconds=3.0)
    found = list(standings(arm, CONTROL, RULES))
    assert [each.guardrail for each in found] == list(get_args(OfCalls))
    broken = breach([arm], [CONTROL], RULES)
    assert broken is not None
    assert (broken.guardrail, broken.bound, broken.told) == ("invalid answers", found[2].bound, found[2].told)
    assert all(each.bound is None for each in standings(counts(20), CONTROL, RULES))
    assert all(each.bound is None for each in standings(arm, Counts(), RULES))


def test_an_arm_that_loses_its_shoppers_is_convicted() -> None:
    """Of an outcome that may be so much lower, once that is sure; of one that is not judged, or of too few, never."""
    rules = GuardrailRules(purchased=0.05)
    arm, control = (
        Conversions(100_000, carted=9_000, purchased=2_400),
        Conversions(100_000, carted=30_000, purchased=3_000),
    )
    found = loss(arm, control, rules)
    assert found is not None
    assert (found.guardrail, found.calls, found.share) == ("purchased", 100_000, 0.024)
    assert "-20.0% (at most -" in found.told
    assert loss(arm, control, RULES) is None
    assert loss(Conversions(1_000, purchased=24), Conversions(1_000, purchased=30), rules) is None
    assert loss(control, arm, rules) is None
    assert loss(control._replace(purchased=2_850), control, rules) is None


def test_value_may_be_a_guardrail() -> None:
    """As many buy, and for half as much."""
    control = Conversions(100_000, purchased=10_000, value=40_000_000, value_squares=32_000_000)
    arm = control._replace(value=20_000_000, value_squares=8_000_000)
    found = loss(arm, control, GuardrailRules(value=0.1))
    assert found is not None
    assert (found.guardrail, found.share) == ("value", 2.0)
    assert found.bound == pytest.approx(3.6)
