"""The bench of an incident and of two processes that share GPUs, in their smallest form."""

from dataclasses import replace
from pathlib import Path

from benchmarks.goodput import incident, sharing
from benchmarks.goodput.plan import GoodputPlan
from benchmarks.goodput.timeline import draw_incident
from benchmarks.goodput.trial import Span
from clients.limits.adaptive_limit import LimitRules

PLAN = incident.IncidentPlan(
    rate=4.0, first=2, second=1, dies_s=3.0, back_s=12.0, overload_s=20.0, relief_s=40.0, neighbours=600,
    onset_s=1.0, canary_s=45.0, percent=50.0, end_s=130.0,
)  # fmt: skip


def test_an_incident_is_noticed_and_passes(tmp_path: Path) -> None:
    """The dead replica is ejected and comes back, the full pool's shoppers go to the next, and both are drawn."""
    report = incident.run(PLAN)
    told = [(each["kind"], each["who"]) for each in report["notices"]]
    assert told[:2] == [("ejected", incident.DEAD), ("returned", incident.DEAD)]
    rolled_back = next(each for each in report["notices"] if each["who"] == "canary")
    assert rolled_back["kind"] == "rolled back"
    assert PLAN.canary_s < rolled_back["at_s"] < PLAN.end_s
    assert "invalid answers" in rolled_back["why"]
    spilled = {row["at_s"]: row["replicas"]["second-1"]["spilled"] for row in report["seconds"]}
    assert spilled[20.0] == 0 < spilled[40.0]
    assert report["whole"]["fresh_share"] > 0.3
    assert draw_incident(report, tmp_path).read_bytes() == draw_incident(report, tmp_path / "again").read_bytes()


def test_a_replay_beside_slows_live_by_as_much_as_it_may_take() -> None:
    """Two processes on one GPU: with few calls at once a replay gets less done, and costs live less."""
    live = replace(GoodputPlan(replicas=1, span=Span(5.0, 10.0, 5.0)).trial("penchant", 8.0))
    freely, barely = (
        sharing.run(sharing.Sharing(live, 40.0, limits)) for limits in (LimitRules(), LimitRules(initial=2, most=2))
    )
    assert freely["replay"]["calls"] > barely["replay"]["calls"] > 0
    assert freely["live"]["freshness_s"]["p50"] > barely["live"]["freshness_s"]["p50"]
