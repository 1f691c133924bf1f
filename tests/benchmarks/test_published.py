"""Public runs on one H100, and the fit that one timing of the simulated GPU comes from."""

import pytest

from benchmarks.calibration.published import FIRST, FITTED, MODELS, Case, cases, fit, played_s, timing_of
from sandbox.gpu.timing import LEFT_OVER, PUBLISHED_RUNS, Timing


def test_all_that_was_published_is_within_what_is_said_to_be_left_over() -> None:
    """Each case of each run, played with as many requests at once."""
    published = cases()
    assert len({case.run for case in published}) == 3
    times = [case.took_s / played_s(case, timing_of(MODELS[case.model], FITTED, case.timing)) for case in published]
    assert min(times) == pytest.approx(LEFT_OVER[0], abs=0.01)
    assert max(times) == pytest.approx(LEFT_OVER[1], abs=0.01)


def test_the_timing_is_what_the_figures_make_of_the_model() -> None:
    """To three digits."""
    made = timing_of(MODELS["qwen3-32b-fp8"], FITTED, Timing())
    for name in ("iteration_ms", "prefill_ms_per_token", "decode_ms_per_sequence", "kv_ms_per_token"):
        assert getattr(made, name) == pytest.approx(getattr(PUBLISHED_RUNS, name), rel=0.01)


@pytest.mark.slow
def test_figures_are_found_again() -> None:
    """From cases made by them, from elsewhere; one run a model, a few cases each."""
    known = dict(FIRST) | {"weights_share": 0.9, "flop_share_2": 0.5, "flop_share_1": 0.3}
    shapes = ((128, 32, 8, 1), (2048, 8, 8, 8), (128, 64, 64, 32), (1024, 64, 16, 16))
    made = [
        Case(name, name, Timing(), *shape, played_s(Case(name, name, Timing(), *shape, 1.0), timing))
        for name, model in MODELS.items()
        for timing in [timing_of(model, known, Timing())]
        for shape in shapes
    ]
    found = fit(made)
    times = [played_s(case, timing_of(MODELS[case.model], found, Timing())) / case.took_s for case in made]
    assert times == pytest.approx([1.0] * len(made), rel=0.05)
