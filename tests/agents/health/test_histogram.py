"""The histogram, as Prometheus understands one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.health.histogram import Histogram

BOUNDS = (0.1, 1.0, 10.0)


@given(st.lists(st.floats(0, 100) | st.sampled_from(BOUNDS)))
def test_each_bucket_counts_what_is_at_most_its_bound(values: list[float]) -> None:
    """Bounds are inclusive, counts cumulate, the last one is all, and the total is the sum."""
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.add(value)
    assert histogram.cumulated() == [
        (bound, sum(value <= bound for value in values)) for bound in (*BOUNDS, float("inf"))
    ]
    assert histogram.total == pytest.approx(sum(values))
