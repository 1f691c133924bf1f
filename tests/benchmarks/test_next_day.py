"""The next day in its smallest form: what is foretold of it stands beside what happens."""

from pathlib import Path

import pytest

from benchmarks import next_day

pytestmark = [
    pytest.mark.usefixtures("needs_real_servers"),
    pytest.mark.slow,
    pytest.mark.kafka,
    pytest.mark.redis,
    pytest.mark.triton,
]


async def test_foretold_and_happened_side_by_side(tmp_path: Path) -> None:
    """Every figure of both, by the way that was chosen; how far they are off is for a machine with nothing else to
    do."""
    plan = next_day.NextDayPlan(rate=3.0, seconds=4.0, sample=3, patience_s=60.0, ways=("", "triggers.debounce_s=1"))
    report = await next_day.run(plan, tmp_path, lambda _: None, quick=True)
    assert list(report["figures"]) == list(next_day.COMPARED) == list(report["off"])
    assert report["way"] in plan.ways
    assert report["answer_tokens"] > 0
    for name in ("calls", "dollars_needed", "freshness_p95_s", "output_tokens"):
        assert report["figures"][name]["foretold"] > 0, name
        assert report["figures"][name]["happened"] > 0, name
        assert report["figures"][name]["afterwards"] > 0, name


def test_how_far_off() -> None:
    """As a share of what happened."""
    assert next_day._off(1.1, 1.0) == 0.1
    assert next_day._off(None, 1.0) is next_day._off(1.0, 0.0) is next_day._off(1.0, None) is None
