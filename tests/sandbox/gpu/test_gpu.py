"""The arithmetic of the simulated GPU."""

import math
from dataclasses import replace
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.gpu.gpu import Gpu
from sandbox.gpu.iterations import Request
from sandbox.gpu.timing import LIGHT, Timing
from sandbox.gpu.tokens import tokens
from streams.errors import ModelOverloaded

SMALL = Timing(
    iteration_ms=2,
    prefill_ms_per_token=1,
    decode_ms_per_sequence=0.25,
    kv_ms_per_token=0.125,
    max_batch=3,
    max_waiting=4,
    max_num_tokens=8,
    block_tokens=2,
    kv_blocks=30,
)
LATER = 1e9
Plan = list[tuple[float, str, int, float | None]]

plans = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 0.5, 3, 30, 200]),  # ms since the one before
        st.text("ab", max_size=60),  # the prompt
        st.integers(1, 12),  # tokens of the answer
        st.none() | st.floats(0, 80, allow_nan=False),  # ms until it is cancelled, if it is
    ),
    max_size=25,
)


class Play:
    """A plan played on a GPU, looked at at least `every_ms`; if None, only when somebody comes or goes."""

    def __init__(self, plan: Plan, *, every_ms: float | None = math.inf) -> None:
        self.gpu, self.now, self.every_ms = Gpu(SMALL), 0.0, every_ms
        self.requests: list[Request] = []
        self._cancels: list[tuple[float, Request]] = []
        for gap, prompt, output_tokens, cancelled_after in plan:
            self.pass_to(self.now + gap)
            try:
                self.requests.append(self.gpu.submit(prompt, output_tokens, self.now))
            except ModelOverloaded:
                continue
            if cancelled_after is not None:
                self._cancels.append((self.now + cancelled_after, self.requests[-1]))
        self.pass_to(LATER)

    def pass_to(self, then: float) -> None:
        for at, request in sorted(self._cancels, key=lambda entry: entry[0]):
            if at <= then:
                self._look_until(at)
                self.gpu.cancel(request, at)
                self._cancels.remove((at, request))
        self._look_until(then)

    def _look_until(self, then: float) -> None:
        """At all that happens, and in between."""
        while self.every_ms and self.gpu.next_ms() < then:
            self.now = min(self.gpu.next_ms(), self.now + self.every_ms)
            self.gpu.advance(self.now)
            self.check()
        self.now = then
        self.gpu.advance(then)
        self.check()

    def check(self) -> None:
        """What must hold at any time."""
        cache, counts = self.gpu.cache, self.gpu.counts(self.now)
        assert cache.used + cache.kept <= cache.size
        assert counts["scheduled"] <= counts["max"]
        assert bool(counts["active"]) <= (self.gpu.next_ms() < math.inf)  # never idle while there is work


@given(plans)
def test_every_request_goes_through_its_stages_in_order(plan: Plan) -> None:
    """Arrived, scheduled, first token, last token; nobody is forgotten. The cache never exceeds its size, nor the batch
    its own, and the GPU is never idle while there is something to do."""
    for each in Play(plan).requests:
        if each.cancelled:
            assert math.isinf(each.last_token_ms)
        else:
            assert each.arrived_ms <= each.scheduled_ms < each.first_token_ms <= each.last_token_ms < LATER


@given(plans)
def test_tokens_are_conserved(plan: Plan) -> None:
    """What was computed and reused is the prompts, what was generated is the answers, and nothing stays held."""
    play = Play(plan)
    gpu = play.gpu
    assert gpu.prefilled_tokens + gpu.reused_tokens == sum(each.computed for each in play.requests)
    assert all(each.computed == each.input_tokens for each in play.requests if not each.cancelled)
    assert gpu.generated_tokens == sum(each.tokens_at(LATER) for each in play.requests)
    assert (gpu.cache.used, gpu.counts(LATER)["active"]) == (0, 0)


@given(plans)
def test_first_come_is_first_served(plan: Plan) -> None:
    """Requests that are not cancelled are scheduled, and get their first tokens, in the order of arrival."""
    requests = [each for each in Play(plan).requests if not each.cancelled]
    assert [each.scheduled_ms for each in requests] == sorted(each.scheduled_ms for each in requests)
    assert [each.first_token_ms for each in requests] == sorted(each.first_token_ms for each in requests)


@given(plans, st.floats(2, 20))
def test_looking_more_often_changes_nothing(plan: Plan, every_ms: float) -> None:
    """Times depend on what was asked, not on when somebody looked."""

    def times(play: Play) -> list[tuple[float, ...]]:
        return [(each.scheduled_ms, each.first_token_ms, each.last_token_ms) for each in play.requests]

    assert times(Play(plan, every_ms=every_ms)) == times(Play(plan, every_ms=None))


@given(plans)
def test_tokens_come_one_by_one(plan: Plan) -> None:
    """None before the first token's time, then never fewer than before, and all at the end."""
    gpu, now = Gpu(SMALL), 0.0
    request = gpu.submit("abcdefgh", 12, 0.0)
    for gap, prompt, count, _ in plan[: SMALL.max_waiting]:
        gpu.submit(prompt, count, now)
        now += min(gap, 3)
        before = request.tokens_at(now - 0.01) if now else 0
        gpu.advance(now)
        assert before <= request.tokens_at(now) <= 12
        assert (request.tokens_at(now) == 0) == (now < request.first_token_ms)
    gpu.advance(LATER)
    assert request.tokens_at(request.last_token_ms) == 12


@given(st.text("ab", max_size=40), st.text("ab", max_size=40), st.text("ab", max_size=40), st.booleans())
def test_what_two_prompts_begin_with_is_computed_once(common: str, one: str, other: str, ended: bool) -> None:  # noqa: FBT001
    """The second prompt reuses exactly the full blocks that both begin with, whether the first has ended or still
    decodes, and the last token is computed in any case."""
    gpu = Gpu(SMALL)
    first = gpu.submit(common + one, 10, 0.0)
    gpu.advance(first.arrived_ms + 40)
    now = LATER if ended else 40.0
    second = gpu.submit(common + other, 1, now)
    assert (now < first.last_token_ms) != ended or first.last_token_ms <= 40
    gpu.advance(2 * LATER)
    size = SMALL.block_tokens * 4
    shared = next(
        (at for at, pair in enumerate(zip(common + one, common + other, strict=False)) if pair[0] != pair[1]),
        min(len(common + one), len(common + other)),
    )
    assert second.reused_blocks == shared // size
    uncached = max(tokens(common + other) - second.reused_blocks * SMALL.block_tokens, 1)
    assert gpu.prefilled_tokens == first.input_tokens + uncached


@given(st.text("ab", max_size=40), st.text("ab", max_size=40), st.text("ab", max_size=40))
def test_with_partial_reuse_all_that_two_prompts_begin_with_is_computed_once(common: str, one: str, other: str) -> None:
    """To the token, though blocks differ; of a prompt that ended, its last block is kept too."""
    gpu = Gpu(replace(SMALL, partial_reuse=1))
    first = gpu.submit(common + one, 10, 0.0)
    gpu.advance(LATER)
    second = gpu.submit(common + other, 1, LATER)
    gpu.advance(2 * LATER)
    pairs = zip(common + one, common + other, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    assert second.cached_tokens == shared // 4
    assert gpu.prefilled_tokens == first.input_tokens + max(second.input_tokens - shared // 4, 1)


def test_what_an_iteration_costs() -> None:
    """The weights, each prompt token, each sequence that decodes and each token of their KV cache."""
    gpu = Gpu(SMALL)
    request = gpu.submit("abcdefgh" * 2, 3, 0.0)
    gpu.advance(LATER)
    assert request.first_token_ms == 2 + 4 * 1
    decoded = (2 + 0.25 + 5 * 0.125) + (2 + 0.25 + 6 * 0.125)
    assert request.last_token_ms - request.first_token_ms == pytest.approx(decoded)
    assert gpu.busy_ms == pytest.approx(request.last_token_ms)


def test_a_prompt_slows_the_others_decoding() -> None:
    """A long prompt is computed in chunks, with each of which those that decode get one token, later than otherwise."""
    roomy = replace(SMALL, kv_blocks=100)
    gpu, alone = Gpu(roomy), Gpu(roomy)
    first, same = (each.submit("ab", 40, 0.0) for each in (gpu, alone))
    second = gpu.submit("ab" * 40, 1, 10.0)
    gpu.advance(LATER)
    alone.advance(LATER)
    chunks = math.ceil(20 / (SMALL.max_num_tokens - 1))
    assert second.first_token_ms - second.scheduled_ms > 20 * SMALL.prefill_ms_per_token + chunks * SMALL.iteration_ms
    assert first.last_token_ms - same.last_token_ms == pytest.approx(20 * SMALL.prefill_ms_per_token)


@given(st.integers(0, 5), st.integers(1, 5))
def test_it_refuses_beyond_batch_and_queue(waiting: int, batch: int) -> None:
    """Exactly `max_batch` and `max_waiting` requests are taken at once; one more when a place gets free."""
    gpu = Gpu(replace(LIGHT, max_batch=batch, max_waiting=waiting))
    taken = [gpu.submit("a", 100, 0.0) for _ in range(batch + waiting)]
    with pytest.raises(ModelOverloaded):
        gpu.submit("a", 100, 0.0)
    gpu.cancel(taken[0], 1.0)
    gpu.submit("a", 100, 1.0)


def test_the_kv_cache_limits_how_many_run() -> None:
    """A request waits for blocks for all that it may say, although there is room in the batch; what can never fit is
    no request."""
    gpu = Gpu(replace(LIGHT, kv_blocks=10))
    first, second = (gpu.submit("a", 10, 0.0, max_tokens=6 * 64) for _ in range(2))
    gpu.advance(LATER)
    assert second.scheduled_ms == first.last_token_ms
    with pytest.raises(ValueError, match="11 KV blocks"):
        gpu.submit("a", 10, LATER, max_tokens=10 * 64)


def test_a_cancelled_request_gives_its_place_away() -> None:
    """The next in the queue is scheduled when the iteration that runs has ended."""
    gpu = Gpu(replace(LIGHT, max_batch=1))
    first, second = gpu.submit("a", 1000, 0.0), gpu.submit("a", 10, 0.0)
    gpu.cancel(first, 5.0)
    assert gpu.counts(5.0)["scheduled"] == 0
    gpu.advance(LATER)
    assert 5.0 < second.scheduled_ms <= 5.0 + LIGHT.iteration_ms


def test_a_cancelled_request_leaves_the_queue() -> None:
    """The one behind it is the next, and it is never scheduled."""
    gpu = Gpu(replace(LIGHT, max_batch=1))
    first, second, third = (gpu.submit("a", 10, 0.0) for _ in range(3))
    gpu.cancel(second, 1.0)
    gpu.advance(LATER)
    assert math.isinf(second.scheduled_ms)
    assert third.scheduled_ms == first.last_token_ms


def test_cancelling_twice_or_too_late_changes_nothing() -> None:
    """Only a request that is on the GPU can leave it."""
    gpu = Gpu(replace(LIGHT, max_batch=1))
    done = gpu.submit("a", 1, 0.0)
    gpu.cancel(done, LATER)
    gpu.cancel(done, LATER)
    assert not done.cancelled
    assert gpu.counts(LATER)["active"] == 0


def test_the_counts_are_those_of_tensorrt_llm() -> None:
    """Active are the scheduled and the waiting; context are those whose prefill is not done."""
    gpu = Gpu(SMALL)
    for _ in range(5):
        gpu.submit("abcdefgh", 5, 0.0)
    assert gpu.counts(5.0) == {"active": 5, "max": 3, "scheduled": 3, "context": 2, "waiting": 2}
