"""Simulated GPUs, some for prompts and some for answers."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sandbox.gpu.disaggregated import DisaggregatedGpus
from sandbox.gpu.engine import engine
from sandbox.gpu.gpu import Gpu
from sandbox.gpu.iterations import Request
from sandbox.gpu.timing import LIGHT, Timing
from streams.errors import ModelOverloaded

LATER = 1e9
SMALL = Timing(2, 1, 0.25, 0.125, max_batch=3, max_waiting=9, max_num_tokens=8, block_tokens=2, kv_blocks=30)
SPLIT = replace(SMALL, transfer_ms_per_token=0.5)

plans = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0.5, 3, 30]),  # ms since the one before
        st.text("ab", max_size=60),
        st.integers(1, 12),
        st.none() | st.floats(0, 80, allow_nan=False),  # ms until it is cancelled, if it is
    ),
    max_size=20,
)
Plan = list[tuple[float, str, int, float | None]]


def play(plan: Plan, every_ms: float) -> tuple[DisaggregatedGpus, list[tuple[float, ...]], int]:
    """The times of all requests, and the tokens that they had; it is looked at every so often while it works."""
    gpu, now = DisaggregatedGpus(SPLIT), 0.0
    requests: list[Request] = []
    cancels: list[tuple[float, int, Request]] = []
    for gap, prompt, count, cancelled_after in plan:
        now += gap
        try:
            requests.append(gpu.submit(prompt, count, now))
        except ModelOverloaded:
            continue
        if cancelled_after is not None:
            cancels.append((now + cancelled_after, len(cancels), requests[-1]))
    for at, _, request in sorted(cancels):
        while now + every_ms < at:
            now += every_ms
            gpu.advance(now)
        now = max(now, at)
        gpu.cancel(request, now)
    while gpu.next_ms() < math.inf:
        now = max(now + every_ms, now) if every_ms < LATER else LATER
        gpu.advance(now)
    times: list[tuple[float, ...]] = [(each.scheduled_ms, each.first_token_ms, each.last_token_ms) for each in requests]
    for each in requests:
        assert (
            each.cancelled or each.arrived_ms <= each.scheduled_ms < each.first_token_ms <= each.last_token_ms < LATER
        )
    return gpu, times, sum(each.tokens_at(LATER) for each in requests)


@given(plans)
def test_tokens_are_conserved_and_nothing_stays_held(plan: Plan) -> None:
    """All answers are given, by both together, and both caches are free at the end."""
    gpu, _, given_tokens = play(plan, LATER)
    assert sum(each.generated_tokens for each in (*gpu.prefill, *gpu.decode)) == given_tokens
    assert [each.cache.used for each in (*gpu.prefill, *gpu.decode)] == [0, 0]
    assert gpu.counts(LATER)["active"] == 0
    assert gpu.decode[0].prefilled_tokens == 0


@given(plans, st.floats(2, 20))
def test_looking_more_often_changes_nothing(plan: Plan, every_ms: float) -> None:
    """As on one GPU."""
    plan = [(gap, prompt, count, None) for gap, prompt, count, _ in plan]
    assert play(plan, every_ms)[1] == play(plan, LATER)[1]


def test_prompts_do_not_slow_decoding() -> None:
    """Beside many long prompts an answer comes as quickly as alone, after its KV cache was transferred."""
    split = replace(LIGHT, transfer_ms_per_token=0.005)
    alone, busy, one = engine(split), engine(split), Gpu(LIGHT)
    first = [each.submit("a" * 4_000, 100, 0.0) for each in (alone, busy, one)]
    for number in range(1, 40):
        for each in (busy, one):
            each.submit(str(number) * 4_000, 1, number * 2.0)
    for each in (alone, busy, one):
        each.advance(LATER)
    quick, beside, mixed = (each.last_token_ms - each.first_token_ms for each in first)
    assert beside == quick
    assert quick - 99 * LIGHT.iteration_ms == 1_000 * split.transfer_ms_per_token
    assert mixed > 2 * quick


def test_more_gpus_share_prompts_and_answers() -> None:
    """Three for prompts and two for answers: each has some, a key stays with one GPU, and nothing is lost."""
    gpus = DisaggregatedGpus(replace(LIGHT, transfer_ms_per_token=0.005), prefill=3, decode=2)
    requests = [gpus.submit(f"{number:04}" * 500, 20, number * 1.0) for number in range(30)]
    keyed = [gpus.submit(f"{number:04}" * 500, 20, number * 1.0, key=7) for number in range(40, 46)]
    cancelled = gpus.submit("x" * 400, 20, 60.0)
    gpus.cancel(cancelled, 60.0)
    before = [each.prefilled_tokens for each in gpus.prefill]
    gpus.advance(LATER)
    assert all(each.tokens_at(LATER) == 20 for each in (*requests, *keyed))
    assert all(before)
    assert all(each.generated_tokens for each in gpus.decode)
    assert sum(each.prefilled_tokens for each in gpus.prefill) >= 36 * 500
    assert gpus.counts(LATER)["active"] == 0
