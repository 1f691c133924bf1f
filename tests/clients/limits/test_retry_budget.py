"""The budget for extra calls."""

from hypothesis import given
from hypothesis import strategies as st

from clients.limits.retry_budget import RetryBudget

WINDOW_S = 10.0

steps = st.lists(st.tuples(st.sampled_from(["call", "extra"]), st.floats(0, 3)), max_size=300)


@given(steps, st.floats(0, 1), st.integers(0, 5))
def test_extras_never_exceed_the_share_of_the_calls(course: list[tuple[str, float]], share: float, least: int) -> None:
    """In whatever order calls and extras come, when an extra is allowed, it and those of the last seconds are at most
    that share of the calls, or the least number."""
    budget, now_s = RetryBudget(share, least), 0.0
    calls: list[float] = []
    extras: list[float] = []
    for kind, passes_s in course:
        now_s += passes_s
        if kind == "call":
            budget.call(now_s)
            calls.append(now_s)
        elif budget.spend(now_s):
            extras.append(now_s)
            # Seconds are counted as a whole, so that one more or less may be in the window.
            within = [at_s for at_s in extras if at_s // 1 > now_s - WINDOW_S]
            assert len(within) <= max(share * sum(at_s // 1 > now_s - WINDOW_S for at_s in calls), least)


def test_the_least_number_is_always_there() -> None:
    """A service with few calls may still try again; a hedge, without a least number, may not."""
    assert [RetryBudget(0.2, 3).spend(0.0) for _ in range(2)] == [True, True]
    retries = RetryBudget(0.2, 3)
    assert [retries.spend(0.0) for _ in range(5)] == [True, True, True, False, False]
    assert not RetryBudget(0.02, 0).spend(0.0)


def test_what_was_spent_comes_back() -> None:
    """After the window the calls and the extras of before are forgotten."""
    budget = RetryBudget(0.2, 0)
    for _ in range(100):
        budget.call(0.0)
    assert sum(budget.spend(5.0) for _ in range(50)) == 20
    assert not budget.spend(30.0)
    for _ in range(100):
        budget.call(30.0)
    assert sum(budget.spend(30.0) for _ in range(50)) == 20
