"""What the simulated GPU's figures mean."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.gpu.engine import engine
from sandbox.gpu.gpu import Gpu
from sandbox.gpu.iterations import Run
from sandbox.gpu.steady import SteadyGpu
from sandbox.gpu.timing import LIGHT, TIMINGS, Timing
from streams.errors import ModelOverloaded

LATER = 1e9


@pytest.mark.parametrize(
    ("count", "input_tokens", "output_tokens", "took_s"),
    [(1_000, 128, 4, 19.29), (500, 1_996, 100, 177.60), (500, 3_996, 200, 425.60)],
)
def test_the_defaults_reproduce_a_published_benchmark(
    count: int, input_tokens: int, output_tokens: int, took_s: float
) -> None:
    """All requests at once, as GPUStack measured Qwen3-32B-FP8 on one H100 with trtllm-serve: within 10 % of the time
    that it took. The sources are in docs/gpu.md."""
    gpu = Gpu(Timing(max_batch=2_048, max_waiting=2_048, max_num_tokens=8_192))
    requests = [
        gpu.submit(f"{number:04d}" + "x" * 4 * (input_tokens - 1), output_tokens, 0.0) for number in range(count)
    ]
    gpu.advance(LATER)
    assert max(each.last_token_ms for each in requests) / 1e3 == pytest.approx(took_s, rel=0.1)


@pytest.mark.parametrize(
    ("name", "prefill_ms", "batch_16_ms", "batch_64_ms"),
    [
        ("qwen3-32b-fp8@h200", 135.4, 12.3, 14.1),
        ("qwen3-32b-fp8@l40s", 678.0, 50.5, 57.9),
        ("qwen3-8b@h100", 47.9, 7.6, 9.5),
        ("qwen3-8b@l40s", 155.4, 21.5, 30.6),
    ],
)
def test_other_gpus_are_as_aiconfigurator_has_them(
    name: str, prefill_ms: float, batch_16_ms: float, batch_64_ms: float
) -> None:
    """Its prefill of 2,048 tokens, and its times between tokens at 600 of prompt and 80 of answer: within 10 %."""
    timing = TIMINGS[name]
    assert timing.prefill_ms_per_token * 2_048 == pytest.approx(prefill_ms, rel=0.1)
    for batch, step_ms in ((16, batch_16_ms), (64, batch_64_ms)):
        each_ms = timing.decode_ms_per_sequence + 640 * timing.kv_ms_per_token
        assert timing.iteration_ms + batch * each_ms == pytest.approx(step_ms, rel=0.1)


def test_a_light_answer_takes_about_135_ms() -> None:
    """As is said of it."""
    gpu = Gpu(LIGHT)
    request = gpu.submit("a" * 6000, 100, 0.0)
    gpu.advance(LATER)
    assert request.last_token_ms == pytest.approx(135, rel=0.01)


def test_the_environment_overrides_the_defaults() -> None:
    """`variables` is read back whole."""
    assert Timing().under(LIGHT.variables()) == LIGHT
    assert Timing().under({"PENCHANT_SIMULATED_MAX_BATCH": "9"}) == Timing(max_batch=9)
    assert set(LIGHT.variables()) == {f"PENCHANT_SIMULATED_{name.upper()}" for name in asdict(LIGHT)}


@given(st.floats(0.1, 50), st.floats(0, 1), st.integers(1, 500), st.floats(0, 1))
def test_iterations_that_grow_are_counted_by_arithmetic(
    first_ms: float, growth_ms: float, count: int, share: float
) -> None:
    """As many have ended as ended one by one; cut, no more than one runs on."""
    run = Run(7.0, first_ms, growth_ms, count)
    now = 7.0 + share * (run.end_ms() - 7.0)
    ends = [run.end_ms(number) for number in range(1, count + 1)]
    assert run.done(now) == sum(end <= now for end in ends)
    run.cut(now)
    assert run.count == next(number for number, end in enumerate(ends, 1) if end >= now)


def test_a_steady_gpu_takes_its_time_and_no_more() -> None:
    """However many there are, up to batch and queue, each takes its tokens' time; the cancelled are gone."""
    gpu = engine(Timing(steady_ms_per_token=2.0, max_batch=2, max_waiting=1))
    assert isinstance(gpu, SteadyGpu)
    first, second, third = (gpu.submit("abc", 10, 0.0) for _ in range(3))
    with pytest.raises(ModelOverloaded):
        gpu.submit("abc", 10, 1.0)
    assert (first.tokens_at(1.9), first.tokens_at(2.0), first.tokens_at(7.0)) == (0, 1, 3)
    gpu.cancel(second, 7.0)
    assert (second.cancelled, second.tokens_at(LATER)) == (True, 3)
    assert gpu.counts(7.0)["active"] == 2
    gpu.advance(20.0)
    assert first.last_token_ms == third.last_token_ms == 20.0
    assert gpu.counts(20.0)["active"] == 0
