"""The bench of pauses in its smallest form: every phase comes to an end and says what is held."""

import pytest

from benchmarks import pause

PLAN = pause.PausePlan(shoppers=800, partitions=2, trickles=2)
PHASES = ["take in", "hold", "pack", "hold packed", "evict", "take in again", "revoke", "stop"]


@pytest.mark.slow
async def test_pause_reports_each_phase() -> None:
    """With the sessions that there are then, for both kinds of shoppers."""
    report = await pause.run(PLAN, print, quick=True)
    quiet, owed = report["runs"]["quiet"]["phases"], report["runs"]["owed"]["phases"]
    assert list(quiet) == PHASES
    assert list(owed) == ["take in", "hold", "revoke", "stop"]
    assert owed["take in"]["hot"] == PLAN.shoppers
    assert quiet["pack"]["packed"] > PLAN.shoppers / 2
    assert quiet["evict"]["hot"] + quiet["evict"]["packed"] <= PLAN.shoppers * 3 // 4
    assert quiet["stop"]["hot"] + quiet["stop"]["packed"] == 0
    assert report["worst"]["longest_turn_ms"] > 0
