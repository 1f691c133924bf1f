"""Percentiles: values that were seen, in order."""

from hypothesis import given
from hypothesis import strategies as st

from agents.health.percentiles import percentiles


def test_by_nearest_rank() -> None:
    """Of 1 to 101 the share itself, and one more."""
    assert percentiles(range(1, 102), (50, 95, 99, 100)) == {"p50": 51, "p95": 96, "p99": 100, "max": 101}


def test_none_of_none() -> None:
    """Nothing was sampled yet."""
    assert percentiles([]) is None


@given(st.lists(st.floats(0, 1e9), min_size=1))
def test_each_is_a_sample_and_they_rise(samples: list[float]) -> None:
    """Whatever the samples are."""
    found = list((percentiles(samples, (1, 50, 99, 100), digits=3) or {}).values())
    assert found == sorted(found)
    assert set(found) <= {round(sample, 3) for sample in samples}
