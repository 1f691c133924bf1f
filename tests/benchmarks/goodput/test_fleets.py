"""Fleets of several GPUs: what they are made of, what they hold, and what that costs."""

from dataclasses import replace
from typing import Any

from benchmarks.goodput.fleets import H100, L40S, PRICES, Fleet, dollars, row
from benchmarks.goodput.plan import GoodputPlan
from benchmarks.goodput.trial import Group, Span, Trial, run
from sandbox.gpu.timing import LIGHT, Timing

MIXED = Fleet({H100: 2, L40S: 4})


def test_a_fleet_is_one_pool_or_one_for_each_kind() -> None:
    """Weighed by what each holds alone, where that is known; the price is that of all."""
    groups = MIXED.groups(4, {H100: 3.0})
    assert [(each.pool, each.replicas, each.weight) for each in groups] == [("gpus", 2, 3.0), ("gpus", 4, 1.0)]
    assert [each.pool for each in replace(MIXED, ordered=True).groups(4, {})] == ["h100", "l40s"]
    assert MIXED.per_hour == 2 * PRICES["h100"] + 4 * PRICES["l40s"]
    assert groups[0].timing == H100.timing.sliced(4)


async def test_a_row_says_what_is_held_and_what_that_costs() -> None:
    """Ten events a second on quarters are forty on whole GPUs, at a quarter of the price."""

    async def attempt(trial: Trial) -> dict[str, Any]:
        return {"fresh_share": 1.0 if trial.rate <= 10.0 else 0.0, "fresh": 250}

    plan = GoodputPlan()
    found = await row(MIXED, plan, {}, attempt)
    assert 38.0 < found["rate"] <= 40.0
    assert found["dollars_per_1000_fresh"] == dollars(MIXED.per_hour / 4, plan.short.measured_s, 250)
    assert dollars(36.0, 100.0, 500) == 2.0
    assert dollars(36.0, 100.0, 0) is None


def test_both_kinds_work_behind_one_router() -> None:
    """A pool of few replicas spills to the next one, and nothing is lost of the quick ones."""
    plan = GoodputPlan(span=Span(3.0, 4.0, 5.0))
    fleet = (Group(Timing(max_batch=2, max_waiting=0), 1, "few"), Group(LIGHT, 1, "many"))
    alone = run(replace(plan.trial("penchant", 20.0), fleet=fleet[:1]))
    both = run(replace(plan.trial("penchant", 20.0), fleet=fleet))
    assert both["fresh_share"] > 0.9 > alone["fresh_share"]
