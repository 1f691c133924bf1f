"""The bench of goodput in its smallest form: what it reports, always the same, and that it counts right."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from benchmarks.goodput import campaign
from benchmarks.goodput.freshness import Freshness
from benchmarks.goodput.limits import just_holds
from benchmarks.goodput.plan import SENSITIVE, SYSTEMS, GoodputPlan, intent_tokens, switched_off
from benchmarks.goodput.plots import draw_goodput
from benchmarks.goodput.sharing import Sharing
from benchmarks.goodput.traffic import Traffic
from benchmarks.goodput.trial import Span, SystemName, Trial, run
from clients.calls import Call
from penchant.offline.whatif.arrivals import Arrival
from sandbox.clock import Clock
from sandbox.gpu.timing import Timing
from sandbox.servers.gpu_server import GpuServer, Serving
from streams.errors import DeadlinePassed, ModelUnavailable
from streams.events.event import ShopperEvent

SPAN = Span(3.0, 4.0, 5.0)
PLAN = GoodputPlan(
    loads=(1.0, 5.0), span=SPAN, seeds=(1,), sensitive=(), short=SPAN, limits=False, without=False, sharing=False,
    replicas=1, jobs=1,
)  # fmt: skip


async def test_quick_reports_loads_and_aims() -> None:
    """For each system and load; the aims that were not tried are left out."""
    lines: list[str] = []
    report = await campaign.run(PLAN, lines.append)
    assert {(row["system"], row["load"]) for row in report["loads"]} == set(product(SYSTEMS, PLAN.loads))
    assert all(row["events"] > 0 for row in report["loads"])
    assert len(report["aims"]) == 6
    assert lines


async def test_a_full_report_and_its_pictures(tmp_path: Path) -> None:
    """All that the design promises is in it, and the pictures of a report are always the same bytes."""
    plan = replace(GoodputPlan(), jobs=1)
    report = await campaign.go_through(plan, pretend, lambda _: None)
    assert {row["without"] for row in report["without"]} == {"nothing", *switched_off(plan.trial("penchant", 1.0))}
    assert [(row["parameter"], row["factor"]) for row in report["sensitivity"]] == list(product(SENSITIVE, (0.5, 2.0)))
    assert [row["p95_times"] for row in report["sharing"]] == [1.0] * 4
    assert len(report["aims"]) == 7
    held = {row["without"]: row["held"] for row in report["without"]}
    assert held["nothing"] == 1.0
    assert 0.45 < held["short answers"] <= 0.5
    drawn, again = (draw_goodput(report, tmp_path / name) for name in ("once", "twice"))
    assert [path.read_bytes() for path in drawn] == [path.read_bytes() for path in again]
    assert len(drawn) == 4


async def pretend(_: Any, argument: Trial | Sharing) -> dict[str, Any]:
    """Figures of a system that holds ten events a second, of ours 80, with long answers half as many."""
    if isinstance(argument, Sharing):
        return {"live": {"freshness_s": {"p50": 1.0, "p95": 2.0}, "calls": 10}}
    most = (
        (80.0 if argument.answer_tokens < argument.operator_tokens else 40.0) if argument.system == "penchant" else 10.0
    )
    share, cost = (1.0, 0.1) if argument.rate <= most else (0.1, None)
    return {
        "fresh_share": share,
        "urgent_fresh_share": share,
        "cached_share": 0.9,
        "gpu_s_per_fresh_intent": cost,
        "most_waiting": 10,
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_same_trial_gives_the_same_figures(system: SystemName) -> None:
    """Whatever ran before in this process: nothing in virtual time depends on the machine. Memory does: sessions share
    the products that were seen before."""
    trial = PLAN.trial(system, 4.0)
    first, second = run(trial), run(trial)
    assert first | {"most_waiting_kb": 0} == second | {"most_waiting_kb": 0}


def test_one_call_an_event_is_one() -> None:
    """The operator makes as many calls as there are events, and every intent comes within the time when few come."""
    figures = run(replace(PLAN.trial("per event", 2.0), timing=Timing(iteration_ms=1.0)))
    assert figures["calls"] == 2.0 * SPAN.measured_s
    assert figures["fresh_share"] == figures["urgent_fresh_share"] == 1.0


def test_a_debounce_makes_fewer_calls() -> None:
    """What follows within a second is called for together, later."""
    trials = (PLAN.trial(system, 20.0) for system in ("per event", "debounced"))
    each, debounced = (run(replace(trial, replicas=8, timing=Timing(iteration_ms=1.0))) for trial in trials)
    assert debounced["calls"] < each["calls"]
    assert debounced["freshness_s"]["p50"] > each["freshness_s"]["p50"] + 0.9


@pytest.mark.parametrize("name", ["short answers", "all reuse of the KV cache", "affinity"])
def test_what_is_switched_off_costs_more(name: str) -> None:
    """More tokens of answers, or of prompts to compute, at a load where calls are made for all."""
    trial = replace(PLAN.trial("penchant", 10.0), replicas=4)
    whole, without = run(trial), run(switched_off(trial)[name])
    counted = "output_tokens" if name == "short answers" else "prefilled_tokens"
    assert without[counted] / without["calls"] > 1.1 * whole[counted] / whole["calls"]


def test_freshness_counts_what_never_comes() -> None:
    """An event is fresh with the first intent that includes it; without one it stays in the count, as never."""
    freshness = Freshness(from_s=1.0, until_s=9.0)
    for at_s, offset, action in ((0.5, 0, "view"), (2.0, 1, "search"), (3.0, 2, "view"), (8.0, 3, "list_view")):
        freshness.arrived(arrival(at_s, offset, action))
    freshness.readable("ada", 0, 1.5)
    freshness.readable("ada", 1, 4.5)
    freshness.close()
    figures = freshness.figures()
    assert (figures["events"], figures["urgent_events"], figures["fresh"], figures["intents"]) == (2, 1, 1, 2)
    assert (figures["fresh_share"], figures["urgent_fresh_share"]) == (0.5, 1.0)
    assert figures["urgent_freshness_s"]["p99"] == 2.5
    assert figures["freshness_s"]["p99"] is None


def test_in_time_is_what_could_be_read_before_the_next_event() -> None:
    """Whatever that one is; the last event has none."""
    freshness = Freshness(from_s=0.0, until_s=9.0)
    freshness.arrived(arrival(1.0, 0, "view"))
    freshness.readable("ada", 0, 1.5)
    freshness.arrived(arrival(2.0, 1, "view"))
    freshness.arrived(arrival(3.0, 2, "list_view"))
    freshness.arrived(arrival(4.0, 3, "view"))
    assert freshness.figures()["in_time_for_next"] == 0.5
    assert Freshness(0.0, 9.0).figures()["in_time_for_next"] is None


async def test_the_limit_is_the_highest_rate_that_holds() -> None:
    """By bisection, within five percent; None where not even the least rate does."""

    async def attempt(trial: Trial) -> dict[str, Any]:
        return {"fresh_share": 1.0 if trial.rate <= most else 0.5}

    for most in (1.0, 7.3, 120.0):
        found = await just_holds(PLAN.trial("per event", 1.0), attempt)
        assert found is not None
        assert most / 1.06 < found <= most
    most = 0.2
    assert await just_holds(PLAN.trial("per event", 1.0), attempt) is None


def test_traffic_is_seeded_and_even() -> None:
    """The same events each time, at the rate, with offsets that go on from what came before."""
    traffic, again, other = Traffic(5.0, 20.0), Traffic(5.0, 20.0), Traffic(5.0, 20.0, seed=2)
    assert traffic.arrivals == again.arrivals != other.arrivals
    assert len(traffic.arrivals) == 100
    assert traffic.arrivals[0].offset == len(traffic.before)
    assert intent_tokens() > 100


def test_a_server_gives_up_at_the_deadline_and_when_it_dies() -> None:
    """Nothing is left on the GPU either way."""
    clock = Clock()
    world = clock.process("world")
    server = GpuServer("gpu", Timing(), world, Serving(answer=lambda _: "{}", answer_tokens=100))

    async def main() -> None:
        with pytest.raises(DeadlinePassed):
            await server.complete(Call("late", "prompt", world.time() + 0.1, 100))
        world.call_later(0.1, server.die, "it burns")
        with pytest.raises(ModelUnavailable, match="burns"):
            await server.complete(Call("lost", "prompt", world.time() + 60.0, 100))
        with pytest.raises(ModelUnavailable):
            await server.probe()

    try:
        clock.run(world, main())
    finally:
        clock.bury()
    server.gpu.advance(clock.now_s * 1e3 + 1e3)
    assert server.gpu.counts(clock.now_s * 1e3 + 1e3)["active"] == 0


def arrival(at_s: float, offset: int, action: Any) -> Arrival:
    """An event of ada's."""
    return Arrival(at_s, offset, ShopperEvent(event_id=str(offset), shopper_id="ada", action=action, time_ms=0))
