"""History: rates and quantiles of a fleet, from what each worker has counted since its start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.console.history import KEPT_S, WINDOW_MS, Counters, History
from penchant.console.samples import Samples, quantile
from tests.penchant.console.looks import AT_MS, samples

BUCKETS = (0.5, 1.0, 2.0, float("inf"))


def counters(**values: float) -> Counters:
    """Of a page of metrics."""
    return Counters.of(samples(**values))


def test_rates_are_differences_and_the_fleets_are_their_sum() -> None:
    """A worker that has just joined counts from its first look on, and not from zero."""
    history = History()
    assert history.add(AT_MS, {"w1": counters(events=100)}).events_per_s is None
    joined = history.add(AT_MS + 2_000, {"w1": counters(events=120), "w2": counters(events=9_000)})
    assert joined.events_per_s == pytest.approx(10.0)
    both = history.add(AT_MS + 4_000, {"w1": counters(events=140), "w2": counters(events=9_010)})
    assert both.events_per_s == pytest.approx(15.0)
    assert history.add(AT_MS + 5_000, {"w2": counters(events=9_015)}).events_per_s == pytest.approx(5.0)


def test_shares_and_cost_are_of_what_was_done_lately() -> None:
    """Not since the start."""
    history = History()
    history.add(AT_MS, {"w1": counters(intents=100, rules=100, input=1_000, cost=5.0)})
    now = {"intents": 130, "rules": 110, "input": 2_000, "cached": 900, "cost": 5.6, "fast": 20, "all": 40}
    point = history.add(AT_MS + 1_000, {"w1": counters(**now)})
    assert point.rules_share == pytest.approx(0.25)
    assert point.cached_share == pytest.approx(0.9)
    assert point.cost_per_thousand == pytest.approx(20.0)
    assert point.p50_s == pytest.approx(1.0)
    assert point.p95_s == pytest.approx(1.9)


def test_it_looks_back_over_the_window_and_keeps_a_quarter_of_an_hour() -> None:
    """Bounded, however long it runs."""
    history = History()
    for second in range(KEPT_S + 100):
        history.add(AT_MS + second * 1_000, {"w1": counters(events=second * 2)})
    assert len(history.points) == KEPT_S
    assert history.points[-1].events_per_s == pytest.approx(2.0)
    assert len(history._looks) <= WINDOW_MS / 1_000 + 2


def test_a_histogram_by_class_is_taken_together() -> None:
    """A bound's counts are the sum over its other labels."""
    page = "# TYPE penchant_x histogram\n" + "".join(
        f'penchant_x_bucket{{class="{name}",le="{bound}"}} {count}\n'
        for name, counts in {"live": (1, 4), "replay": (2, 2)}.items()
        for bound, count in zip(("1.0", "+Inf"), counts, strict=True)
    )
    assert Samples.parse(page).buckets("x") == {1.0: 3.0, float("inf"): 6.0}


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.floats(0, 1))
def test_a_quantile_lies_where_its_share_does(counts: list[int], share: float) -> None:
    """Within the bounds, and it never falls as the share grows; of nothing there is none."""
    cumulated = {bound: float(sum(counts[: at + 1])) for at, bound in enumerate(BUCKETS)}
    found = quantile(cumulated, share)
    if not sum(counts):
        assert found is None
        return
    assert found is not None
    assert 0 <= found <= 2.0
    assert found <= (quantile(cumulated, 1.0) or 0.0)
