"""The bench of the console in its smallest form: what it reports."""

from pathlib import Path

import pytest

from benchmarks import console

pytestmark = [pytest.mark.redis, pytest.mark.slow]

PLAN = console.ConsolePlan(workers=4, partitions=8, shoppers=50, browsers=1, alone_s=1.0, seconds=5.0)


async def test_what_browsing_costs_is_reported(tmp_path: Path) -> None:
    """Shares of a core, memory at both ends, and that pages were sent."""
    lines: list[str] = []
    report = await console.run(PLAN, tmp_path, lines.append)
    assert 0 <= report["redis_share"] < 1
    assert report["looks"] >= 1
    assert report["largest_event_bytes"] > 500
    assert all(megabytes > 10 for megabytes in report["memory_mb"])
    assert len(lines) == 2
