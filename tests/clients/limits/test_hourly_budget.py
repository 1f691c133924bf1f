"""The tokens of an hour."""

from hypothesis import example, given
from hypothesis import strategies as st

from clients.limits.hourly_budget import HourlyBudget

HOUR_S = 3_600.0
steps = st.lists(st.tuples(st.floats(0, 900), st.integers(0, 50)), max_size=60)


@given(steps, st.integers(1, 200))
@example([(0.0, 1), (841.0, 48), (0.0, 1), (780.0, 0)], 49)
def test_no_hour_begins_a_call_beyond_its_budget(steps: list[tuple[float, int]], most: int) -> None:
    """A call begins while less than the budget was spent in the hour before; after the wait that is told, one may."""
    budget, spent, now_s = HourlyBudget(most), list[tuple[float, int]](), 0.0
    for passed_s, tokens in steps:
        now_s += passed_s
        wait_s = budget.wait_s(now_s)
        if wait_s:
            assert sum(each for at_s, each in spent if at_s > now_s - HOUR_S - 60) >= most
            assert wait_s <= HOUR_S + 60
            now_s += wait_s
        assert not budget.wait_s(now_s)
        assert sum(each for at_s, each in spent if at_s > now_s - HOUR_S) < most
        budget.spend(now_s, tokens)
        spent.append((now_s, tokens))


def test_without_a_budget_nobody_waits() -> None:
    """However much is spent."""
    budget = HourlyBudget(None)
    budget.spend(0.0, 10**12)
    assert budget.wait_s(1.0) == 0.0
    assert budget.spent(HOUR_S * 2) == 0
