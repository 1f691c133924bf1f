"""A worker with all its work, in a process of its own: `python -m benchmarks.full_worker EVENTS CORE SETTINGS`.

Due, prompts, an instant model, grounding, real Redis, commits. SETTINGS is JSON. Prints its figures as one JSON object.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Self

import orjson

from agents.health.loop_lag import LoopLag
from benchmarks.instant_model import InstantModel
from penchant.process.collector import CollectorRules, collect
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.worker.app import Worker, worker

LOOK_S = 0.002
WITHIN_S = 1_200.0


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds on the wall, and of work by this process."""

    wall_s: float
    cpu_s: float

    @classmethod
    def read(cls) -> Self:
        """Now."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, then: Self) -> Self:
        """What has passed."""
        return type(self)(self.wall_s - then.wall_s, self.cpu_s - then.cpu_s)


async def measure(settings: Settings, events: int) -> dict[str, Any]:
    """From the first event taken in until the last one is covered, that is, stored in Redis."""
    async with worker(settings, InstantModel()) as running, asyncio.timeout(WITHIN_S):
        beside = [asyncio.create_task(collect(quiet=lambda: not running.backlog.waiting(), rules=CollectorRules()))]
        await until(lambda: taken_in(running) > 0)
        began, lag = Clocks.read(), LoopLag()
        beside.append(asyncio.create_task(lag.run()))
        await until(lambda: taken_in(running) >= events)
        taken, lags, calls = Clocks.read().since(began), lag.percentiles_ms(), running.meter.calls
        await until(lambda: covered(running))
        done = Clocks.read().since(began)
        await until(lambda: lag.percentiles_ms() is not None)  # all may be covered before the first beat
        for task in beside:
            task.cancel()
        return {
            "events": events,
            "seconds": taken.wall_s,
            "cpu_s": taken.cpu_s,
            "covered_s": done.wall_s,
            "covered_cpu_s": done.cpu_s,
            "calls_meanwhile": calls,
            "calls": running.meter.calls,
            "intents": running.meter.intents,
            "parked": running.meter.parked,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "loop_lag_ms": lags or lag.percentiles_ms(),
        }


def taken_in(running: Worker) -> int:
    """How many records were folded or refused, of a topic that has no holes."""
    return sum(partition.ledger.next_offset or 0 for partition in running.enrichment.partitions.values())


def covered(running: Worker) -> bool:
    """Whether Redis has everything that was taken in."""
    return all(partition.ledger.head() is None for partition in running.enrichment.partitions.values())


async def until(holds: Callable[[], bool], look_s: float = LOOK_S) -> None:
    """Look again and again; whoever calls bounds it. Each look wakes the loop that is measured."""
    while not holds():  # noqa: ASYNC110 (what is looked at knows of no listeners)
        await asyncio.sleep(look_s)


def print_figures(measured: Callable[[Settings, int], Coroutine[Any, Any, dict[str, Any]]]) -> None:
    """Measure once, on the core and with the settings of the command line, and print."""
    events, core, settings = sys.argv[1:]
    if core:
        os.sched_setaffinity(0, {int(core)})
    configure_logs("critical")
    figures = asyncio.run(measured(Settings.model_validate_json(settings), int(events)))
    sys.stdout.buffer.write(orjson.dumps(figures))


if __name__ == "__main__":
    print_figures(measure)
