"""How long the service takes by itself."""

from pathlib import Path

import pytest

from benchmarks.match_service import MatchPlan, measure


@pytest.mark.slow
@pytest.mark.redis
async def test_requests_are_answered_and_timed(tmp_path: Path) -> None:
    """By a process of its own; those of the beginning do not count."""
    found = await measure(MatchPlan(rate=20.0, seconds=2.0, warm_s=0.5, shoppers=3), tmp_path)
    assert 1 <= found["requests"] < 80
    assert 0 < found["p50_ms"] <= found["p99_ms"]
    assert found["cpu_ms"] > 0
