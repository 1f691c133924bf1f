"""Pause: how long a worker that holds a million sessions holds its event loop: while they come, stay, go and end.

In processor time of the turns, so that what runs beside does not count. Two workers: one whose shoppers are all owed a
call, as after an outage, and one most of whose shoppers are quiet, so that their sessions are packed and evicted.
"""

import resource
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from benchmarks import systems
from penchant.offline.facts import facts

Say = Callable[[str], None]
OWED, QUIET = "owed", "quiet"


@dataclass(frozen=True, slots=True)
class PausePlan:
    """So many shoppers, each with a session of twenty events; `trickles` times a hundred events come while they are
    held."""

    shoppers: int = 1_000_000
    partitions: int = 8
    trickles: int = 100


QUICK = PausePlan(shoppers=20_000, trickles=10)


async def run(plan: PausePlan, say: Say, *, quick: bool) -> dict[str, Any]:
    """The whole benchmark; `say` takes lines for people."""
    runs = {name: await _measured(plan, name, say) for name in (OWED, QUIET)}
    lags = [phase for each in runs.values() for phase in each["phases"].values() if phase["loop_lag_ms"]]
    worst = {
        "lag_p99_ms": max(phase["loop_lag_ms"]["p99"] for phase in lags),
        "longest_turn_ms": max(phase["longest_turn_ms"] for phase in lags),
        "end_cpu_s": max(each["end_cpu_s"] for each in runs.values()),
    }
    return facts("pause", quick=quick) | {"plan": asdict(plan), "worst": worst, "runs": runs}


async def _measured(plan: PausePlan, name: str, say: Say) -> dict[str, Any]:
    words = orjson.dumps(asdict(plan) | {"owed": name == OWED}).decode()
    before_s = _children_s()
    figures = await systems.measure([sys.executable, "-m", "benchmarks.holding_worker", words])
    for phase, row in figures["phases"].items():
        say(f"{name}, {phase}: longest turn {row['longest_turn_ms']} ms, {row['memory_mb']:,} MB")
    end_s = _children_s() - before_s - figures.pop("cpu_s")
    return figures | {"end_cpu_s": round(end_s, 2)}


def _children_s() -> float:
    """Processor time of the processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
