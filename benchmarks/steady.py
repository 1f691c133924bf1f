"""Steady: how many events a second one core holds, with a call for each that asks for one and the client's work in it.

A rate is held when no call is left out and nothing is left over: `ingest`, beside it, measures a drain, in which calls
are held back. The server that answers is a minimal one on the other core (benchmarks/answering.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.answering import EVENTS, AnsweringServer
from benchmarks.paced import Pace, Run, run
from benchmarks.servers import Servers

Say = Callable[[str], None]

LEFT_OUT = 0.02
"""A rate is not held when more than this share of the calls that the lowest rate makes is left out: they are merged
with the shopper's next, which is what a worker does that is behind."""

TAIL_S = 0.5
"""Nor when the last event is covered later than this."""

CLOSE = 1.06
"""How far the lowest rate that is not held may lie above the highest that is."""

GROWTH = 1.5
"""By how much the next rate is higher while each was held, and lower while none was."""


@dataclass(frozen=True, slots=True)
class SteadyPlan:
    """The rates are sought from `first` on, in so many `steps` at the most."""

    first: float = 200.0
    seconds: float = 8.0
    steps: int = 9
    shoppers: int = 2_000
    model_ms: float = 20.0


QUICK = SteadyPlan(seconds=4.0, steps=2)


async def measure(plan: SteadyPlan, stage: Servers, folder: Path, say: Say) -> dict[str, Any]:
    """The whole benchmark; `say` takes lines for people."""
    runs: list[Run] = []
    async with AnsweringServer(folder, plan.model_ms / 1e3) as server:
        rate: float | None = plan.first
        while rate is not None and len(runs) < plan.steps:
            pace = Pace(rate, plan.seconds, shoppers=plan.shoppers)
            runs.append(await run(stage, pace, {"url": server.url, "dialect": "openai"}))
            say(_line(runs[-1], held=held(runs[-1], _slowest(runs))))
            rate = following(runs)
        cpu_s, calls = await server.cost()
        versions = {"model server": server.describe()}
    cost = {"cpu_us_per_call": round(cpu_s / max(calls, 1) * 1e6), "events_per_answer": EVENTS}
    return report_of(runs) | {"server": cost, "versions": versions, "shoppers": plan.shoppers}


def held(paced: Run, first: Run) -> bool:
    """Whether a worker kept up: with all calls, beside the share of calls at the lowest rate, and nothing left over."""
    return paced.calls_per_event >= first.calls_per_event * (1 - LEFT_OUT) and paced.tail_s <= TAIL_S


def following(runs: list[Run]) -> float | None:
    """The rate to try next, where one of them may be the highest that is held; None when the bounds are close enough.

    An event is dearer at low rates: what it costs there says the least that a core holds.
    """
    first = _slowest(runs)
    held_rates = [_rate(each) for each in runs if held(each, first)]
    missed = [_rate(each) for each in runs if not held(each, first)]
    if not held_rates:
        return round(min(missed) / GROWTH)
    low = max(held_rates)
    if not missed:
        return round(max(1e6 / runs[-1].cpu_us, low * GROWTH))
    high = min(missed)
    return None if high <= low * CLOSE else round((low + high) / 2)


def report_of(runs: list[Run]) -> dict[str, Any]:
    """What they say of a core: the highest rate that was held in a run of its own, 0 where none was."""
    first = _slowest(runs)
    best = max((each for each in runs if held(each, first)), key=_rate, default=None)
    shown, rate = best or first, 0.0 if best is None else _rate(best)
    return {
        "events_per_second_core": rate,
        "calls_per_second_core": round(rate * shown.calls_per_event, 1),
        "events_per_cpu_second": round(1e6 / shown.cpu_us),
        "calls_per_event": round(shown.calls_per_event, 3),
        "lag_growth": _growth(shown),
        "loop_lag_ms": shown.worker["loop_lag_ms"],
        "parts_us": shown.worker["parts_us"],
        "runs": [_row(each, held=held(each, first)) for each in runs],
    }


def _slowest(runs: list[Run]) -> Run:
    return min(runs, key=_rate)


def _rate(paced: Run) -> float:
    return paced.pace.events_per_second


def _line(paced: Run, *, held: bool) -> str:
    verdict = "held" if held else "not held"
    calls = f"{paced.calls_per_event:.2f} calls an event, {paced.cpu_us:,.0f} us an event"
    return f"{_rate(paced):g} events/s: {verdict}, {calls}, covered {paced.tail_s * 1e3:.0f} ms after the last"


def _row(paced: Run, *, held: bool) -> dict[str, Any]:
    return {
        "rate": _rate(paced),
        "held": held,
        "calls_per_event": round(paced.calls_per_event, 3),
        "cpu_us_per_event": round(paced.cpu_us),
        "lag_growth": _growth(paced),
        "loop_lag_ms": paced.worker["loop_lag_ms"],
        "producer_late_ms": round(paced.late_s * 1e3, 1),
    }


def _growth(paced: Run) -> float:
    """Seconds that the worker fell behind in each second of load."""
    return round(max(paced.tail_s, 0.0) / paced.pace.seconds, 4)
