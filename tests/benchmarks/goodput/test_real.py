"""The check of virtual time in its smallest form."""

from pathlib import Path

import pytest

from benchmarks.goodput import real

pytestmark = [
    pytest.mark.usefixtures("needs_real_servers"),
    pytest.mark.slow,
    pytest.mark.kafka,
    pytest.mark.redis,
    pytest.mark.triton,
]


async def test_real_and_virtual_time_side_by_side(tmp_path: Path) -> None:
    """The same figures of both, of calls that a model has answered."""
    plan = real.RealModelPlan(rate=3.0, seconds=5.0, warm_s=0.0, patience_s=10.0)
    report = await real.run(plan, tmp_path, lambda _: None)
    assert report["real"].keys() == report["virtual"].keys()
    for side in (report["real"], report["virtual"]):
        assert side["events"] > 0
        assert side["calls"] > 0
        assert side["cached_share"] > 0.3
    assert "Apache Kafka" in report["versions"]["kafka"]
