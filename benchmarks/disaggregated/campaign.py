"""Campaign: what each layout holds, what routing by the KV cache is worth, and long prompts beside live ones."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from heapq import merge
from typing import Any

from benchmarks.disaggregated.layouts import Layout, run
from benchmarks.disaggregated.shapes import OURS, SESSIONS, SOURCE, Asked, Shape
from benchmarks.measuring import Report, Say
from penchant.offline.facts import facts
from sandbox.gpu.timing import Timing

LEAST_RATE, STEP, STRIDE = 0.5, 1.05, 16
"""Rates are tried from the least on in steps of 5 %, at first in leaps of 118 %."""

LONG_TOKENS, LONG_EVERY_S = 8_000, 4.0


@dataclass(frozen=True, slots=True)
class DisaggregationPlan:
    """Layouts of as many GPUs, tried with requests of so many seconds. `chunks` are sizes of `max_num_tokens`."""

    seconds: float = 30.0
    layouts: tuple[Layout, ...] = (
        Layout(both=7),
        *(Layout(prefill=prefill, decode=7 - prefill) for prefill in (5, 4, 3, 2)),
    )
    chunks: tuple[int, ...] = (512, 2_048, 8_192)


QUICK = DisaggregationPlan(seconds=10.0, layouts=(Layout(both=3), Layout(prefill=2, decode=1)), chunks=(512, 8_192))


async def measure(plan: DisaggregationPlan, say: Say, *, quick: bool = False) -> Report:
    """The whole bench, in a thread: it is arithmetic."""
    return await asyncio.to_thread(_measure, plan, say, quick=quick)


def _measure(plan: DisaggregationPlan, say: Say, *, quick: bool) -> Report:
    timing = Timing()
    holds = [_held(plan, timing, shape, layout, say) for shape in (SOURCE, OURS) for layout in plan.layouts]
    limits = {row["shape"]: row["rate"] for row in reversed(holds) if row["both"]}
    routed = [row for shape in (OURS, SESSIONS) for row in _routed(plan, timing, shape, limits[OURS.name], say)]
    return facts("disaggregated", quick=quick) | {
        "timing": asdict(timing),
        "holds": holds,
        "routed": routed,
        "long_prompts": [_beside_long(plan, timing, chunk, say) for chunk in plan.chunks],
    }


def _held(plan: DisaggregationPlan, timing: Timing, shape: Shape, layout: Layout, say: Say) -> Mapping[str, Any]:
    """The highest rate at which the latencies of the shape are held, and what they are there."""
    layout = replace(layout, spread="least" if shape is SOURCE else "shopper")

    def attempt(steps: int) -> Mapping[str, Any] | None:
        found = run(layout, timing, shape.requests(_rate(steps), plan.seconds))
        return found if _holds(found, shape) else None

    low, high, best = 0, 0, attempt(0)
    while (found := attempt(high + STRIDE)) is not None:
        high, best = high + STRIDE, found
    low, high = high, high + STRIDE
    while high - low > 1:
        middle = (low + high) // 2
        found = attempt(middle)
        low, high, best = (middle, high, found) if found is not None else (low, middle, best)
    rate = _rate(low) if best is not None else 0.0
    say(f"{shape.name}: {layout.name} hold {rate:g} requests/s")
    return {"shape": shape.name, "layout": layout.name, "both": layout.both, "gpus": layout.gpus, "rate": rate} | dict(
        best or {}
    )


def _rate(steps: int) -> float:
    return round(LEAST_RATE * STEP**steps, 2)


def _holds(found: Mapping[str, Any], shape: Shape) -> bool:
    limits = {
        "first_token_ms": shape.first_token_ms,
        "between_tokens_ms": shape.between_tokens_ms,
        "whole_ms": shape.whole_ms,
    }
    return not found["refused"] and all(found[name]["p95"] <= most for name, most in limits.items())


def _routed(plan: DisaggregationPlan, timing: Timing, shape: Shape, limit: float, say: Say) -> list[Mapping[str, Any]]:
    """By the shopper, whose KV cache is there, and where fewest are, at half of what our own shape holds by the
    shopper; the longer one at a tenth of that."""
    layout = next(each for each in plan.layouts if each.both)
    rate = round(limit * (0.5 if shape is OURS else 0.1), 2)
    rows: list[Mapping[str, Any]] = []
    for spread in ("shopper", "least"):
        found = run(replace(layout, spread=spread), timing, shape.requests(rate, plan.seconds))
        rows.append({"shape": shape.name, "spread": spread, "rate": rate} | found)
    say(f"{shape.name}: routed by the shopper and by load at {rate:g} requests/s")
    return rows


def _beside_long(plan: DisaggregationPlan, timing: Timing, chunk: int, say: Say) -> Mapping[str, Any]:
    """One GPU with live prompts of ours, and a long prompt of somebody else's every few seconds."""
    live = list(OURS.requests(3.0, plan.seconds))
    every_ms = LONG_EVERY_S * 1e3
    long_ = [
        Asked(each * every_ms, f"{each:04}" * LONG_TOKENS, 80, -1 - each)
        for each in range(int(plan.seconds / LONG_EVERY_S))
    ]
    timing, layout, mixed = replace(timing, max_num_tokens=chunk), Layout(both=1), list(merge(live, long_))
    say(f"chunks of {chunk:,} tokens")
    return {
        "chunk": chunk,
        "alone": run(layout, timing, live),
        "live": run(layout, timing, mixed, lambda asked: asked.shopper >= 0),
        "long": run(layout, timing, mixed, lambda asked: asked.shopper < 0),
    }
