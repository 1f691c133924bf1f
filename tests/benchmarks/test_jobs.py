"""A day with valleys in virtual time: what fits beside live traffic, and what that costs it."""

import pytest

from benchmarks.jobs import QUICK, run


@pytest.mark.slow
async def test_jobs_fill_the_valleys() -> None:
    """Nearly what an oracle fits in, far more than a fixed number of calls; a flash sale is met, and no load swings."""
    found = await run(QUICK, lambda _: None)
    best = found["best"]
    assert best["forecast"]["job_tokens"] >= 0.85 * best["oracle"]["job_tokens"]
    assert best["forecast"]["job_tokens"] >= 1.5 * best["fixed"]["job_tokens"]
    assert best["forecast"]["p95_times"] <= 1.05
    assert found["sale_recovers_s"] <= 10
    quiet, _ = found["rooms_at_constant_load"]
    assert quiet[2] - quiet[0] <= 1
