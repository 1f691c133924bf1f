"""What tuning saves on shoppers that it has not seen, in its smallest form."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import tuning
from benchmarks.goodput.recorded import sessions
from tests.benchmarks.goodput.test_recorded import recording

pytestmark = pytest.mark.slow


async def test_each_traffic_is_judged_beside_the_settings_before(tmp_path: Path) -> None:
    """Simulated shoppers and recorded ones; and how often others miss a target."""
    plan = replace(tuning.QUICK, events=160, tries=4)
    lines: list[str] = []
    report = await tuning.run(plan, [recording(tmp_path)], lines.append, quick=True)
    assert list(report["traffics"]) == ["simulated", "events"]
    for row in report["traffics"].values():
        assert row["target"].startswith("in_time_for_next>=")
        assert row["saved"] == pytest.approx(
            1 - row["chosen"]["dollars_needed"] / row["before"]["dollars_needed"], abs=0.01
        )
    assert len(report["fresh"]["shares"]) == plan.fresh
    assert lines


def test_the_halves_of_a_recording_share_no_session(tmp_path: Path) -> None:
    """The later one begins where the earlier one ends, and both begin at once."""
    found = sessions(recording(tmp_path))
    halves = tuning.recorded_halves(found, tuning.QUICK)
    ids = [{arrival.event.event_id for arrival in each.arrivals} for each in (halves.earlier, halves.later)]
    assert all(ids)
    assert not ids[0] & ids[1]
    assert halves.earlier.arrivals[0].at_s == halves.later.arrivals[0].at_s == 0.0
