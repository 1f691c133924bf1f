"""A call deadline grows while few calls are late, comes back when answers are quick, and excuses what is only slow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.limits.call_deadline import FEW, CallDeadline


def test_late_calls_of_few_make_the_next_ones_wait_longer() -> None:
    """Twice as long each time, up to a bound; beyond it nothing excuses a model that says nothing."""
    deadline = CallDeadline(10.0, 60.0)
    waits = []
    for _ in range(3):
        assert deadline.late(0.0, in_flight=1)
        waits.append(deadline.seconds)
    assert waits == [20.0, 40.0, 60.0]
    assert not deadline.late(0.0, in_flight=1)


def test_late_calls_of_many_are_the_limits_affair() -> None:
    """They wait no longer, and are excused only when others were answered since they began."""
    deadline = CallDeadline(10.0, 60.0)
    assert not deadline.late(0.0, in_flight=FEW + 1)
    deadline.answered(5.0, 5.0)
    assert deadline.late(4.0, in_flight=FEW + 1)
    assert not deadline.late(6.0, in_flight=FEW + 1)
    assert deadline.seconds == 10.0


def test_quick_answers_bring_the_usual_wait_back() -> None:
    """Slowly; one that takes 12 s keeps 24 s for the next ones."""
    deadline = CallDeadline(10.0, 60.0)
    deadline.late(0.0, 1)
    deadline.late(0.0, 1)
    for second in range(100):
        deadline.answered(float(second), 12.0)
    assert deadline.seconds == pytest.approx(24.0, abs=0.1)
    for second in range(100):
        deadline.answered(float(second), 1.0)
    assert deadline.seconds == pytest.approx(10.0, abs=0.1)


@given(st.lists(st.one_of(st.floats(0.0, 100.0), st.integers(1, 9)), max_size=50))
def test_the_wait_stays_within_its_bounds(events: list[float | int]) -> None:
    """Whatever comes: answers (floats, how long they took) and late calls (whole numbers, how many there were)."""
    deadline = CallDeadline(10.0, 60.0)
    for at, event in enumerate(events):
        if isinstance(event, float):
            deadline.answered(float(at), event)
        else:
            deadline.late(float(at), event)
        assert 10.0 <= deadline.seconds <= 60.0
