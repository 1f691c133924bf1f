"""What the affinity benchmark reports."""

from benchmarks.affinity import SETUPS, figures
from clients.calls import Completion

SETUP = SETUPS[0]


def answer(input_tokens: int, cached_tokens: int | None) -> Completion:
    """One answer whose first token took 10 ms."""
    return Completion("", "m", "here", input_tokens, 8, cached_tokens, prefill_ms=10.0)


def test_the_first_third_only_warms() -> None:
    """Of the others, every token counts alike, and what failed is counted apart."""
    cold, played = [answer(100, 0)] * 2, [answer(100, 90), None, answer(300, 150), answer(200, None)]
    found = figures(SETUP, [*cold, None, *played, answer(0, 0), answer(0, 0)])
    assert (found["calls"], found["failed"]) == (5, 2)
    assert found["cached_share"] == 0.4
    assert found["uncached_tokens_per_call"] == 72.0
    assert found["first_token_ms"] == {"p50": 10.0, "p95": 10.0}


def test_each_router_has_a_line_of_its_own() -> None:
    """By router and header."""
    assert len({(each.router, each.header) for each in SETUPS}) == len(SETUPS)
