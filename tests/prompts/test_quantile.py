"""Quantiles of weighed values."""

from hypothesis import given
from hypothesis import strategies as st

from prompts.quantile import quantile


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 9)), min_size=1), st.floats(0, 1))
def test_about_that_share_of_the_weight_lies_below(values: list[tuple[float, float]], share: float) -> None:
    """Not less with the value itself, and not more without it."""
    ordered = sorted(values)
    found, weight = quantile(ordered, share), sum(weight for _, weight in ordered)
    assert sum(each for value, each in ordered if value < found) <= share * weight + 1e-6
    assert sum(each for value, each in ordered if value <= found) >= share * weight - 1e-6
