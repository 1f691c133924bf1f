"""When a session is due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.triggers import TriggerRules, Unsummarised, due_s

RULES = TriggerRules(debounce_s=1, max_wait_s=3, max_events=5, min_interval_s=2)


@pytest.mark.parametrize(
    ("owed", "called_s", "due"),
    [
        (Unsummarised(first_s=10, last_s=10), None, 11),
        (Unsummarised(first_s=10, last_s=12.5), None, 13),
        (Unsummarised(first_s=10, last_s=11, urgent_s=11), None, 11),
        (Unsummarised(first_s=10, last_s=10.2, events=5), None, 10),
        (Unsummarised(first_s=10, last_s=11, urgent_s=11), 10.5, 12.5),
        (Unsummarised(first_s=10, last_s=10, events=50), 9, 11),
    ],
    ids=["debounce", "max wait", "urgent", "many", "urgent within the interval", "many within the interval"],
)
def test_the_first_that_holds(owed: Unsummarised, called_s: float | None, due: float) -> None:
    """The first trigger that holds makes it due, but never within the interval after a call."""
    assert due_s(owed, called_s, RULES) == due


@given(st.lists(st.floats(0, 0.9), max_size=60))
def test_a_chatty_shopper_is_due_in_time(pauses: list[float]) -> None:
    """However events keep coming, the wait is bounded by `max_wait_s`."""
    now_s = 0.0
    owed = Unsummarised(first_s=0, last_s=0)
    for pause in pauses:
        now_s += pause
        owed.add(now_s)
        assert due_s(owed, None, RULES) <= RULES.max_wait_s
