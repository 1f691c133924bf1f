"""When a session is due."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sessions.triggers import BURST_S, HOUR_S, TriggerRules, Unsummarised, due_s, pay, rested_s

RULES = TriggerRules(debounce_s=1, max_wait_s=3, max_events=5, min_interval_s=2)


@pytest.mark.parametrize(
    ("owed", "rested", "due"),
    [
        (Unsummarised(first_s=10, last_s=10), None, 11),
        (Unsummarised(first_s=10, last_s=12.5), None, 13),
        (Unsummarised(first_s=10, last_s=11, urgent_s=11), None, 11),
        (Unsummarised(first_s=10, last_s=10.2, events=5), None, 10),
        (Unsummarised(first_s=10, last_s=11, urgent_s=11), 12.5, 12.5),
        (Unsummarised(first_s=10, last_s=10, events=50), 11, 11),
    ],
    ids=["debounce", "max wait", "urgent", "many", "urgent within the interval", "many within the interval"],
)
def test_the_first_that_holds(owed: Unsummarised, rested: float | None, due: float) -> None:
    """The first trigger that holds makes it due, but never before the shopper has rested."""
    assert due_s(owed, rested, RULES) == due


@given(st.lists(st.floats(0, 0.9), max_size=60))
def test_a_chatty_shopper_is_due_in_time(pauses: list[float]) -> None:
    """However events keep coming, the wait is bounded by `max_wait_s`."""
    now_s = 0.0
    owed = Unsummarised(first_s=0, last_s=0)
    for pause in pauses:
        now_s += pause
        owed.add(now_s)
        assert due_s(owed, None, RULES) <= RULES.max_wait_s


def _calls(seconds: float, every_s: float) -> list[float]:
    """When a shopper is called for who never rests."""
    called: list[float] = []
    now_s = paid_s = 0.0
    while now_s < seconds:
        owed = Unsummarised(first_s=now_s, last_s=now_s, urgent_s=now_s)
        now_s = due_s(owed, rested_s(called[-1], paid_s, RULES) if called else None, RULES)
        paid_s = pay(paid_s, now_s, RULES)
        called.append(now_s)
        now_s += every_s
    return called


def test_a_shopper_who_never_rests_gets_so_many_calls_an_hour() -> None:
    """A quarter of them at once, and then evenly spaced; in any later hour no more than allowed."""
    called = _calls(seconds=5 * HOUR_S, every_s=0.1)
    allowed, burst = RULES.max_calls_per_hour, RULES.max_calls_per_hour * BURST_S / HOUR_S
    for first in range(2, 5):
        assert sum(first * HOUR_S <= at < (first + 1) * HOUR_S for at in called) <= allowed + 1
    assert sum(at < HOUR_S for at in called) <= allowed + burst + 1
    assert called[20] - called[19] == RULES.min_interval_s
    assert called[-1] - called[-2] == pytest.approx(HOUR_S / allowed)


@pytest.mark.parametrize("every_s", [10.0, 60.0])
def test_a_busy_person_is_not_held_up(every_s: float) -> None:
    """One call every ten seconds, for hours, is no more than allowed."""
    called = _calls(seconds=3 * HOUR_S, every_s=every_s)
    assert all(later - earlier == pytest.approx(every_s) for earlier, later in pairwise(called))
