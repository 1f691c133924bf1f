"""The bench of routing in its smallest form: what it reports. How dear a call is, is for it to say."""

import pytest

from benchmarks.routing import costs

pytestmark = pytest.mark.slow


async def test_it_reports_every_size_of_a_pool() -> None:
    """With the choice of a replica alone, a whole call, and a pool that is full."""
    lines: list[str] = []
    plan = costs.RoutingPlan(replicas=(1, 40), calls=5, rounds=1)
    report = await costs.run(plan, lines.append)
    assert [row["replicas"] for row in report["routing"]] == [1, 40]
    figures = ("call_us", "own_us", "others_us", "realtime_us", "full_us")
    assert all(row[name] >= 0 for row in report["routing"] for name in figures)
    assert lines
