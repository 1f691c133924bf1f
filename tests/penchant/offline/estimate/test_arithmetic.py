"""What follows from a workload and the rates: more load never needs less, and more cache never needs more."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.offline.estimate.needs import needs
from penchant.offline.estimate.prefixes import BLOCK_TOKENS, Prefixes, common
from penchant.offline.estimate.prompt_tokens import measure
from penchant.offline.estimate.rates import Rates
from penchant.offline.estimate.workload import Prompts, Stored, Workload
from sandbox.gpu.timing import Timing

RATES = Rates(gpu=Timing())


def workload(*, cached: int = 400, shared: int = 300, length: int = 600, calls: int = 300) -> Workload:
    work = Workload(100.0, events=1_000, calls=calls, meaningful=900, sessions=50)
    work.shoppers.update({"ada": 100, "bob": 900})
    work.partitions.update({0: 750, 1: 250})
    work.prompts = Prompts(10, length * 10, cached * 10, shared * 10)
    work.stored = Stored(2, 4_000)
    return work


def test_by_hand() -> None:
    """One workload, reckoned with pencil and paper."""
    gpu = Timing(iteration_ms=20, prefill_ms_per_token=0.1, decode_ms_per_sequence=0.1, kv_ms_per_token=0.0,
                 max_batch=100, block_tokens=32, kv_blocks=1_000_000)  # fmt: skip
    rates = Rates(
        event_cpu_ms=0.02, call_cpu_ms=1.0, busy=0.5, growth=2.0, output_tokens=50, redis_bytes=1_000, gpu=gpu
    )
    need = needs(workload(), rates, 10_000, kept_s=1_000)
    assert need.calls_per_second == pytest.approx(3_000)
    assert need.cores == pytest.approx(10_000 * 0.00002 + 3_000 * 0.001)
    assert (need.workers, need.partitions) == (7, 14)  # 3.2 cores, half busy
    assert need.batch == 100
    assert need.gpu_ms == pytest.approx((600 - 400) * 0.1 + 50 * (20 / 100 + 0.1))
    assert need.gpus == math.ceil(3_000 * need.gpu_ms / 1e3 / 0.5)
    assert need.gpus_cold == math.ceil(3_000 * (300 * 0.1 + 15) / 1e3 / 0.5)
    assert need.call_s == pytest.approx((200 * 0.1 + 50 * (20 + 50 * 0.1)) / 1e3)
    assert need.shoppers == 10_000 * 0.05 * 1_000
    assert need.redis_bytes == need.shoppers * 3_000
    assert need.hottest_core == pytest.approx(10_000 * 0.9 * 0.00002)
    assert needs(workload(), rates, 10_000, shoppers=7).redis_bytes == 21_000


def test_the_cache_bounds_the_batch() -> None:
    """What all prompts share stands in it once; what is left is shared out."""
    small = replace(RATES, output_tokens=60, gpu=Timing(block_tokens=32, kv_blocks=210, max_batch=128))
    assert small.batch(prompt_tokens=420, shared_tokens=320) == (210 - 10) // 5
    assert small.batch(prompt_tokens=9_000, shared_tokens=0) == 1


@settings(deadline=None)
@given(st.floats(1, 1e6), st.floats(1, 1e6), st.integers(0, 600), st.integers(0, 600), st.integers(0, 1_000))
def test_more_load_never_needs_less(low: float, high: float, one: int, other: int, calls: int) -> None:
    """And a prompt that is cached further never needs more GPUs; nothing is negative."""
    low, high = sorted((low, high))
    work = workload(shared=min(one, other), cached=min(one, other), calls=calls)
    warm = workload(shared=min(one, other), cached=max(one, other), calls=calls)
    less, more, cached = needs(work, RATES, low), needs(work, RATES, high), needs(warm, RATES, high)
    for name in ("workers", "partitions", "gpus", "gpus_cold", "redis_bytes"):
        assert 0 <= getattr(less, name) <= getattr(more, name)
    assert cached.gpus <= more.gpus <= more.gpus_cold


def test_nothing_read_is_nothing_needed() -> None:
    """But a worker."""
    need = needs(Workload(), RATES, 100.0)
    assert (need.workers, need.gpus, need.redis_bytes) == (1, 0, 0)


TEXTS = st.text("xy ", max_size=300)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), TEXTS), min_size=1, max_size=12))
def test_prefixes_are_whole_blocks_that_stood_before(prompts: list[tuple[str, str]]) -> None:
    """Of the shopper's last prompt, or of anybody's; never more than the two have in common."""
    prefixes = Prefixes()
    last: dict[str, str] = {}
    anybody = ""
    for shopper, text in prompts:
        reuse = prefixes.learn(shopper, measure(text, len))
        alike = max(common(text, last.get(shopper, "")), common(text, anybody))
        assert reuse.length == len(text) >= reuse.cached >= reuse.shared
        assert reuse.cached % BLOCK_TOKENS == reuse.shared % BLOCK_TOKENS == 0
        assert reuse.cached <= alike
        assert reuse.shared <= common(text, anybody)
        last[shopper] = anybody = text


def test_what_a_shopper_said_before_is_found_again() -> None:
    """And what everybody's prompt begins with."""
    prefixes, head = Prefixes(), "word " * 40
    first, longer, other = head + "one " * 40, head + "one " * 40 + "two", head + "three"
    reuse = [prefixes.learn(who, measure(text, len)) for who, text in (("a", first), ("b", other), ("a", longer))]
    assert [(each.cached, each.shared) for each in reuse] == [(0, 0), (192, 192), (320, 192)]


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_common_beginnings(first: str, second: str) -> None:
    """As far as two texts are equal, and no further."""
    length = common(first, second)
    assert first[:length] == second[:length]
    assert first[length : length + 1] != second[length : length + 1] or length == len(first) == len(second)


@settings(deadline=None)
@given(TEXTS, st.integers(1, 100))
def test_blocks_end_where_their_tokens_do(text: str, size: int) -> None:
    """As many as the tokens fill, and one for the rest; the last ends with the text, and none goes back."""
    measured = measure(text, len)
    ends = measured.blocks(size)
    assert len(ends) == -(-len(text) // size)
    assert ends == sorted(ends)
    assert not ends or ends[-1] == len(text)
    assert all(measured.until(end) >= number * size for number, end in enumerate(ends[:-1], 1))
