"""Queueing and sizes: what is learned from answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.calls import Completion
from clients.limits.queue_delay import KEPT, MINUTE_S, OVERHEAD_TOKENS, QueueDelayEstimator, Wait
from clients.limits.token_estimates import TokenEstimator
from tests.clients.virtual import call


def answer(
    prefill_ms: float | None, *, queue_ms: float | None = None, tokens: int | None = 1_000, cached: int | None = None
) -> Completion:
    return Completion("{}", "m", "e", tokens, 50, cached, queue_ms, prefill_ms, 500.0)


def taught(*, ms_per_token: float = 0.1, now_s: float = 0.0) -> QueueDelayEstimator:
    """Knows a server that needs so long for a token of prompt."""
    queue_delay = QueueDelayEstimator()
    for tokens in range(1_000, 1_032):
        prefill_ms = ms_per_token * (tokens + OVERHEAD_TOKENS)
        assert queue_delay.wait(answer(prefill_ms, tokens=tokens), 0.0, now_s).ms == 0.0
    return queue_delay


def test_a_server_that_tells_is_believed() -> None:
    """Its own figure counts as it is; a prompt that took long after that waited for other prompts."""
    wait = taught().wait(answer(120.0, queue_ms=12.5), 0.0, 0.0)
    assert wait.told_ms == 12.5
    assert wait.late_ms == pytest.approx(-120.0)
    assert taught().wait(answer(120.0, queue_ms=0.0), 0.0, 0.0).ms == 0.0
    assert taught().wait(answer(None, queue_ms=12.5), 0.0, 0.0) == Wait(12.5)
    assert taught().wait(answer(1_240.0, queue_ms=100.0), 0.0, 0.0).ms == pytest.approx(1_100.0)


def test_without_any_time_there_is_no_signal() -> None:
    """Then overloads alone are left to learn from."""
    assert QueueDelayEstimator().wait(answer(None), 1_000.0, 0.0) == Wait()


def test_a_late_first_token_is_waiting_unless_the_prompt_is_long() -> None:
    """What counts is the time for each token that had to be computed."""
    queue_delay = taught(ms_per_token=0.1)
    assert queue_delay.wait(answer(1_240.0), 0.0, 1.0).ms == pytest.approx(1_000.0)
    assert queue_delay.wait(answer(1_020.0, tokens=10_000), 0.0, 1.0).ms == 0.0
    assert queue_delay.wait(answer(1_020.0, tokens=10_000, cached=9_500), 0.0, 1.0).ms > 800.0
    assert queue_delay.wait(answer(1_020.0, tokens=None), 10_000.0, 1.0).ms == 0.0  # the caller's guess stands in


def test_one_lucky_call_is_no_floor() -> None:
    """Of eight calls the second best counts: a wrong token count must not make all others look slow."""
    queue_delay = taught(ms_per_token=0.1)
    queue_delay.wait(answer(0.1), 0.0, 1.0)
    for _ in range(7):
        queue_delay.wait(answer(120.0), 0.0, 1.0)
    assert queue_delay.floor_ms == pytest.approx(0.1)


def test_what_was_best_long_ago_is_forgotten() -> None:
    """A slower model was deployed: after some minutes its times are the floor."""
    queue_delay = taught(ms_per_token=0.1)
    for minute in range(1, KEPT + 2):
        for _ in range(8):
            last = queue_delay.wait(answer(1_200.0), 0.0, minute * MINUTE_S)
    assert last.ms == 0.0
    assert queue_delay.floor_ms == pytest.approx(1.0)


@given(st.lists(st.tuples(st.floats(0, 1e5), st.integers(0, 20_000), st.integers(0, 20_000)), max_size=100))
def test_waiting_is_never_negative_nor_more_than_all(answers: list[tuple[float, int, int]]) -> None:
    """Whatever servers say: also more cached tokens than there are."""
    queue_delay = QueueDelayEstimator()
    for at, (prefill_ms, tokens, cached) in enumerate(answers):
        waited = queue_delay.wait(answer(prefill_ms, tokens=tokens, cached=cached), 100.0, float(at)).ms
        assert 0.0 <= waited <= prefill_ms


def test_sizes_learn_how_long_calls_are() -> None:
    """Four characters a token and a full answer at first; then as the server counts."""
    token_estimates = TokenEstimator()
    assert token_estimates.expected(call(1.0, prompt="x" * 4_000)) == 1_100
    for _ in range(300):
        token_estimates.learn(call(1.0, prompt="x" * 4_000), Completion("{}", "m", "e", 2_000, 40, 1_500))
    assert token_estimates.input_tokens(call(1.0, prompt="x" * 8_000)) == pytest.approx(4_000, rel=0.05)
    assert token_estimates.expected(call(1.0, prompt="x" * 4_000)) == pytest.approx(540, rel=0.05)
    assert token_estimates.tokens == pytest.approx(540, rel=0.1)


@given(st.lists(st.tuples(st.integers(0, 9_000), st.none() | st.integers(0, 9_000), st.none() | st.integers(0, 9_000))))
def test_sizes_stay_sane(answers: list[tuple[int, int | None, int | None]]) -> None:
    """Nothing is negative, and an answer is not expected to be longer than it may."""
    token_estimates = TokenEstimator()
    for length, tokens, cached in answers:
        asked = call(1.0, prompt="x" * length)
        token_estimates.learn(asked, Completion("{}", "m", "e", tokens, tokens, cached))
        assert token_estimates.tokens >= 0
        assert 0 <= token_estimates.expected(asked) <= token_estimates.input_tokens(asked) + asked.max_tokens + 1
