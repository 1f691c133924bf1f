"""The arithmetic of the simulated GPU."""

import math
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.embedded.gpu import Gpu, PrefixCache, Request, Timing, blocks, tokens
from streams.errors import ModelOverloaded

SMALL = Timing(prefill_ms_per_token=1, decode_ms_per_token=2, max_running=3, max_waiting=4, block_tokens=2)
LATER = 1e9

arrivals = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 0.5, 3, 30]),  # ms since the one before
        st.text("ab", max_size=60),  # the prompt
        st.integers(1, 12),  # tokens of the answer
        st.none() | st.floats(0, 40, allow_nan=False),  # ms until it is cancelled, if it is
    ),
    max_size=25,
)


def run(
    timing: Timing, plan: list[tuple[float, str, int, float | None]], *, every_ms: float = math.inf
) -> list[Request]:
    """What became of the plan's accepted requests; `every_ms` adds calls of `advance` that must not matter."""
    gpu, now, taken = Gpu(timing), 0.0, []
    cancels: list[tuple[float, Request]] = []

    def pass_to(then: float) -> None:
        for at, request in sorted(cancels, key=lambda entry: entry[0]):
            if at <= then:
                gpu.cancel(request, at)
                cancels.remove((at, request))
        if every_ms < math.inf:
            gpu.advance(then - (then % every_ms))
        gpu.advance(then)

    for gap, prompt, output_tokens, cancelled_after in plan:
        now += gap
        pass_to(now)
        try:
            taken.append(gpu.submit(prompt, output_tokens, now))
        except ModelOverloaded:
            continue
        if cancelled_after is not None:
            cancels.append((now + cancelled_after, taken[-1]))
    pass_to(LATER)
    return taken


@given(arrivals)
def test_every_request_goes_through_its_stages_in_order(plan: list[tuple[float, str, int, float | None]]) -> None:
    """Arrived, scheduled, first token, last token; the decode takes its tokens' time."""
    for request in run(SMALL, plan):
        if request.cancelled and math.isinf(request.scheduled_ms):
            continue
        assert request.arrived_ms <= request.scheduled_ms < request.first_token_ms <= request.last_token_ms
        assert request.last_token_ms - request.first_token_ms == pytest.approx((request.output_tokens - 1) * 2)


@given(arrivals)
def test_the_batch_is_never_over_full(plan: list[tuple[float, str, int, float | None]]) -> None:
    """At no start of a request do more than `max_running` run."""
    requests = [each for each in run(SMALL, plan) if not each.cancelled]
    for request in requests:
        at = request.scheduled_ms
        assert sum(each.scheduled_ms <= at < each.last_token_ms for each in requests) <= SMALL.max_running


@given(arrivals)
def test_first_come_is_first_served(plan: list[tuple[float, str, int, float | None]]) -> None:
    """Requests that are not cancelled are scheduled, and get their first tokens, in the order of arrival."""
    requests = [each for each in run(SMALL, plan) if not each.cancelled]
    assert [each.scheduled_ms for each in requests] == sorted(each.scheduled_ms for each in requests)
    assert [each.first_token_ms for each in requests] == sorted(each.first_token_ms for each in requests)


@given(arrivals, st.floats(0.5, 20))
def test_looking_more_often_changes_nothing(plan: list[tuple[float, str, int, float | None]], every_ms: float) -> None:
    """Times depend on what was asked, not on when somebody looked."""

    def times(requests: list[Request]) -> list[tuple[float, ...]]:
        return [(each.scheduled_ms, each.first_token_ms, each.last_token_ms) for each in requests]

    assert times(run(SMALL, plan)) == times(run(SMALL, plan, every_ms=every_ms))


@given(st.integers(0, 5), st.integers(1, 5))
def test_it_refuses_beyond_batch_and_queue(waiting: int, running: int) -> None:
    """Exactly `max_running` and `max_waiting` requests are taken at once; one more when a place gets free."""
    gpu = Gpu(Timing(max_running=running, max_waiting=waiting))
    taken = [gpu.submit("a", 100, 0.0) for _ in range(running + waiting)]
    with pytest.raises(ModelOverloaded):
        gpu.submit("a", 100, 0.0)
    gpu.cancel(taken[0], 1.0)
    gpu.submit("a", 100, 1.0)


def test_a_cancelled_request_gives_its_place_away_at_once() -> None:
    """The next in the queue is scheduled at the moment of the cancellation."""
    gpu = Gpu(Timing(max_running=1))
    first, second = gpu.submit("a", 1000, 0.0), gpu.submit("a", 10, 0.0)
    gpu.cancel(first, 5.0)
    assert second.scheduled_ms == 5.0


def test_a_cancelled_request_leaves_the_queue() -> None:
    """The one behind it is the next, and it is never scheduled."""
    gpu = Gpu(Timing(max_running=1))
    first, second, third = (gpu.submit("a", 10, 0.0) for _ in range(3))
    gpu.cancel(second, 1.0)
    gpu.advance(LATER)
    assert math.isinf(second.scheduled_ms)
    assert third.scheduled_ms == first.last_token_ms


def test_cancelling_twice_or_too_late_changes_nothing() -> None:
    """Only a request that is on the GPU can leave it."""
    gpu = Gpu(Timing(max_running=1))
    done = gpu.submit("a", 1, 0.0)
    gpu.cancel(done, LATER)
    gpu.cancel(done, LATER)
    assert not done.cancelled
    assert gpu.counts(LATER)["active"] == 0


def test_the_counts_are_those_of_tensorrt_llm() -> None:
    """Active are the scheduled and the waiting; context are those whose prefill is not done."""
    gpu = Gpu(SMALL)
    for _ in range(5):
        gpu.submit("abcdefgh", 50, 0.0)
    assert gpu.counts(2.5) == {"active": 5, "max": 3, "scheduled": 3, "context": 2, "waiting": 2}


@given(st.integers(1, 50), st.floats(0, 200))
def test_tokens_come_one_by_one(output_tokens: int, now_ms: float) -> None:
    """None before the first token's time, all at the last one's, and never fewer than before."""
    request = Gpu(SMALL).submit("abcd", output_tokens, 0.0)
    given_by_now = request.tokens_at(now_ms)
    assert request.tokens_at(request.first_token_ms - 0.01) == 0
    assert request.tokens_at(request.first_token_ms) >= 1
    assert request.tokens_at(request.last_token_ms) == output_tokens
    assert 0 <= given_by_now <= request.tokens_at(now_ms + 1) <= output_tokens


@given(st.text("ab", max_size=40), st.text("ab", max_size=40), st.text("ab", max_size=40))
def test_what_two_prompts_begin_with_is_cached(common: str, one: str, other: str) -> None:
    """The second prompt reuses exactly the full blocks that both begin with, and pays for the rest only."""
    gpu = Gpu(SMALL)
    gpu.submit(common + one, 1, 0.0)
    gpu.advance(LATER)
    second = gpu.submit(common + other, 1, LATER)
    size = SMALL.block_tokens * 4
    shared = next(
        (at for at, pair in enumerate(zip(common + one, common + other, strict=False)) if pair[0] != pair[1]),
        min(len(common + one), len(common + other)),
    )
    assert second.reused_blocks == shared // size
    uncached = max(tokens(common + other) - second.reused_blocks * SMALL.block_tokens, 1)
    assert second.first_token_ms - LATER == pytest.approx(uncached * SMALL.prefill_ms_per_token)


def test_the_least_recently_used_block_leaves_first() -> None:
    """Of three chains in a cache of four blocks the one not used since is gone, tail first."""
    cache = PrefixCache(4)
    assert cache.take((1, 2)) == 0
    assert cache.take((3, 4)) == 0
    assert cache.take((1, 2)) == 2
    assert cache.take((5,)) == 0
    assert cache.take((3, 4)) == 1


def test_a_block_stands_for_all_before_it() -> None:
    """Equal text after a different beginning is another block; a part of a block is none."""
    one, other = blocks("a" * 8 + "b" * 8, 2), blocks("c" * 8 + "b" * 8, 2)
    assert len(one) == len(other) == 2
    assert one[1] != other[1]
    assert blocks("a" * 7, 2) == ()


def test_an_answer_takes_about_135_ms_by_default() -> None:
    """As `Timing` says of its defaults."""
    request = Gpu(Timing()).submit("a" * 6000, 100, 0.0)
    assert request.last_token_ms == pytest.approx(135, rel=0.05)


def test_the_environment_overrides_parameters() -> None:
    """`variables` is read back whole, over any parameters; parameters over the defaults."""
    timing = Timing(prefill_ms_per_token=0.5, max_running=7)
    assert Timing.read({"max_running": "9"}, timing.variables()) == timing
    assert Timing.read({"max_running": "9"}, {}) == Timing(max_running=9)
    assert set(Timing.read({}, {"PENCHANT_SIMULATED_MAX_WAITING": "1"}).variables()) == {
        f"PENCHANT_SIMULATED_{name.upper()}" for name in asdict(timing)
    }
