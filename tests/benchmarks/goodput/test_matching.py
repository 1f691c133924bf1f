"""The bench of matches in its smallest form: what it reports, and that it counts right."""

from dataclasses import replace

from benchmarks.goodput.matching import QUICK, run
from benchmarks.goodput.trial import Span


async def test_matches_beside_live_traffic_are_reported() -> None:
    """Each round alone and beside; the same for a seed; the aims name what was found."""
    plan = replace(QUICK, rate=6.0, replicas=2, span=Span(2.0, 6.0, 2.0))
    said: list[str] = []
    first, again = await run(plan, said.append), await run(plan, said.append)
    [found], [repeated] = first["rounds"], again["rounds"]
    assert (found["beside"]["match"], first["aims"]) == (repeated["beside"]["match"], again["aims"])
    match = found["beside"]["match"]
    assert match["matches"] > 0 == match["failed"]
    assert match["p50_ms"] <= match["p95_ms"] <= match["p99_ms"]
    assert 0 < match["computed_tokens"] <= 330
    assert found["alone"].keys() == {"live"}
    assert all(aim["met"] == (aim["found"] <= aim["aim"]) for aim in first["aims"].values())
    assert len(said) == 2
