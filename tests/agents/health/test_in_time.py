"""Intents that can be read before the next event, and what is known of those whose call was left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.health.in_time import InTime
from agents.health.wilson import wilson


def test_who_was_in_time() -> None:
    """By anybody, by the model, and by nobody before the next event came."""
    seen = InTime()
    assert seen.shares() is None
    for readable_ms, modelled_ms in ((50, 50), (50, None), (200, 200), (None, None)):
        seen.note(100, readable_ms, modelled_ms)
    assert seen.shares() == {"any": 0.5, "model": 0.25}


def test_calls_that_were_left_out_count_as_far_as_checks_say_that_nothing_changed() -> None:
    """Of a hundred in time, fifty were left out: with five of fifty checks wrong, five of these do not count. What so
    few checks leave open are the bounds; without any, all that were left out are."""
    seen = InTime()
    for number in range(100):
        seen.note(100, 50, 50, left_out=number < 50)
    assert seen.shares() == {"any": 1.0, "model": 1.0, "low": 0.5, "high": 1.0}
    shares = seen.shares(50, 5)
    assert shares is not None
    assert (shares["any"], shares["model"]) == (0.95, 0.95)
    assert shares["low"] == pytest.approx(1 - 0.5 * 0.2136, abs=1e-4)
    assert shares["high"] == pytest.approx(1 - 0.5 * 0.0435, abs=1e-4)


def test_a_late_one_is_late_though_its_call_was_left_out() -> None:
    """And is corrected for nothing."""
    seen = InTime()
    seen.note(100, 200, 200, left_out=True)
    assert seen.shares(10, 5) == {"any": 0.0, "model": 0.0}


@given(st.integers(0, 500), st.integers(0, 500))
def test_bounds_of_a_share_hold_what_was_seen(part: int, more: int) -> None:
    """And stay between 0 and 1; nothing seen tells nothing."""
    low, high = wilson(part, part + more)
    assert 0.0 <= low <= high <= 1.0
    if part + more:
        assert low - 1e-9 <= part / (part + more) <= high + 1e-9
    else:
        assert (low, high) == (0.0, 1.0)
