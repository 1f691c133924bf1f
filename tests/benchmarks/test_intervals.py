"""Intervals: geometric means and Student's bounds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.intervals import interval, ratio, round_off

rates = st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=30)


def test_the_middle_is_the_geometric_mean() -> None:
    """Twice as fast and half as fast cancel out."""
    assert interval([50.0, 200.0]).middle == pytest.approx(100.0)


def test_the_bounds_are_students() -> None:
    """ln 1, ln e and ln e squared: mean 1, deviation 1, and 4.30 at two degrees of freedom."""
    found = interval([1.0, math.e, math.e**2])
    half = 4.30 / math.sqrt(3)
    assert found.low == pytest.approx(math.exp(1 - half))
    assert found.high == pytest.approx(math.exp(1 + half))


def test_one_round_has_no_interval() -> None:
    """Nothing is known of how rounds differ."""
    assert interval([7.0]).bounds is None


@given(rates)
def test_the_middle_lies_within(samples: list[float]) -> None:
    """However many rounds there are, and however they differ."""
    found = interval(samples)
    assert min(samples) <= found.middle * 1.000001
    assert found.middle <= max(samples) * 1.000001
    if found.low is not None and found.high is not None:
        assert found.low <= found.middle <= found.high


@given(rates, st.floats(0.1, 10.0), st.data())
def test_what_slows_a_whole_round_cancels_out(theirs: list[float], times: float, data: st.DataObject) -> None:
    """A ratio of pairs is exact when each round is slower or faster as a whole."""
    loads = data.draw(st.lists(st.floats(0.1, 10.0), min_size=len(theirs), max_size=len(theirs)))
    ours = [each * times * load for each, load in zip(theirs, loads, strict=True)]
    slowed = [each * load for each, load in zip(theirs, loads, strict=True)]
    assert ratio(ours, slowed).middle == pytest.approx(times)


@pytest.mark.parametrize(("value", "shown"), [(123456.0, 123000.0), (1.2345, 1.23), (0.00098765, 0.000988), (0.0, 0.0)])
def test_three_digits_are_shown(value: float, shown: float) -> None:
    """More would be pretence."""
    assert round_off(value) == shown
