"""Latency: what is added between an event's append and its intent, beside the model's own time, in five parts.

The model answers at once, in the worker. Nothing is held back: each event that asks for a call is due at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agents.health.percentiles import percentiles
from benchmarks.paced import Pace, Run, run
from benchmarks.servers import Servers
from benchmarks.stamps import PARTS

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LatencyPlan:
    """Rates in events a second: `rate`, and half of what the core would hold by the processor time that an event takes
    at `probe`."""

    rate: float = 300.0
    probe: float = 600.0
    seconds: float = 12.0
    shoppers: int = 2_000


QUICK = LatencyPlan(seconds=4.0)


async def measure(plan: LatencyPlan, stage: Servers, say: Say) -> dict[str, Any]:
    """The whole benchmark; `say` takes lines for people."""
    runs = [await _at(plan, stage, plan.rate, say)]
    probe = await _at(plan, stage, plan.probe, say)
    capacity = 1e6 / probe["cpu_us_per_event"]
    runs += [probe, await _at(plan, stage, round(capacity / 2), say) | {"half_of_capacity": True}]
    return {"runs": runs, "capacity_events_per_second": round(capacity), "shoppers": plan.shoppers}


async def _at(plan: LatencyPlan, stage: Servers, rate: float, say: Say) -> dict[str, Any]:
    row = report(await run(stage, Pace(rate, plan.seconds, shoppers=plan.shoppers)))
    say(f"{rate:g} events/s: p50 {row['added_ms']['p50']} ms, p99 {row['added_ms']['p99']} ms")
    return row


def report(paced: Run) -> dict[str, Any]:
    """One run as a row; the events of the warming up do not count. `confirmed_ms` is from the producer's hand-over to
    Kafka's word that the event is appended: where that is long, producer or broker were late, and not the worker."""
    stamps, sent, confirmed = paced.stamps, paced.stamps.seconds["sent"], paced.stamps.seconds["confirmed"]
    from_s = min(sent.values()) + paced.pace.warm_s
    counted = [place for place, at_s in sent.items() if at_s >= from_s]
    rows = [row for place in counted if (row := stamps.added_ms(place)) is not None]
    confirmed_ms = ((confirmed[place] - sent[place]) * 1e3 for place in counted)
    return {
        "rate": paced.pace.events_per_second,
        "added_ms": percentiles((sum(row.values()) for row in rows), (50, 99), digits=2) or {},
        "parts_ms": {part: percentiles((row[part] for row in rows), (50, 99), digits=2) or {} for part in PARTS},
        "confirmed_ms": percentiles(confirmed_ms, (50, 99), digits=2) or {},
        "tail_ms": _tail(rows),
        "intents": len(rows),
        "cpu_us_per_event": round(paced.cpu_us),
        "cpu_share": round(paced.worker["cpu_s"] / paced.worker["seconds"], 3),
        "loop_lag_ms": paced.worker["loop_lag_ms"],
        "producer_late_ms": round(paced.late_s * 1e3, 1),
    }


def _tail(rows: list[dict[str, float]]) -> dict[str, float]:
    """What the slowest hundredth waited for, on average, by part."""
    slowest = sorted(rows, key=lambda row: sum(row.values()))[len(rows) - max(len(rows) // 100, 1) :]
    return {part: round(sum(row[part] for row in slowest) / len(slowest), 2) for part in PARTS} if slowest else {}
