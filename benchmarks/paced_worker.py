"""A worker under a paced load, in a process of its own: `python -m benchmarks.paced_worker PLAN`.

PLAN is JSON. `settings` are the worker's, `events` is how many will come, `core` the core to keep to (null: any),
`warm_s` how long they come before anything is measured. `instant`: the model answers in this process, and stamps are
taken; else it is called as the settings say. Prints `ready`, and at the end its figures as one JSON object.
"""

import asyncio
import os
import sys
import time
from typing import Any

import orjson

from agents.health.probes import Health
from agents.health.statistics import Meter
from agents.worker.instruments import Instruments
from benchmarks.cpu_parts import CpuParts
from benchmarks.full_worker import Clocks, covered, taken_in, until
from benchmarks.stamps import Stamps
from penchant.process.collector import CollectorRules, collect
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.worker.app import Worker, worker

WITHIN_S, LOOK_S = 120.0, 0.02


async def measure(plan: dict[str, Any]) -> dict[str, Any]:
    """From the end of the warming up until all is covered."""
    settings, stamps = Settings.model_validate(plan["settings"]), Stamps()
    instant = stamps.model() if plan["instant"] else None
    instruments = Instruments(Health(settings.health.bound_s), stamps.meter() if instant else Meter())
    kinds = stamps.kinds() if instant else None
    async with worker(settings, instant, instruments, kinds=kinds) as running, asyncio.timeout(WITHIN_S):
        collecting = asyncio.create_task(collect(CollectorRules(), lambda: not running.backlog.waiting()))
        print("ready", flush=True)
        figures = await _measured(running, plan)
        collecting.cancel()
    seconds = {stamp: [[*place, at_s] for place, at_s in each.items()] for stamp, each in stamps.seconds.items()}
    return figures | {"stamps": seconds}


async def _measured(running: Worker, plan: dict[str, Any]) -> dict[str, Any]:
    await until(lambda: taken_in(running) > 0)
    await asyncio.sleep(plan["warm_s"])
    lag, parts, meter = running.instruments.loop_lag, CpuParts(), running.meter
    lag.forget()
    before = {"events": taken_in(running), "calls": meter.calls, "intents": meter.intents}
    began = Clocks.read()
    parts.start()
    await until(lambda: taken_in(running) >= plan["events"] and covered(running), LOOK_S)
    spent, seconds = Clocks.read().since(began), parts.stop()
    covered_s = time.monotonic()
    events = taken_in(running) - before["events"]
    return {
        "events": events,
        "seconds": spent.wall_s,
        "cpu_s": spent.cpu_s,
        "calls": meter.calls - before["calls"],
        "intents": meter.intents - before["intents"],
        "rules_intents": meter.rules_intents,
        "parked": meter.parked,
        "covered_s": covered_s,
        "loop_lag_ms": lag.percentiles_ms(),
        "parts_us": {part: round(each / max(events, 1) * 1e6, 1) for part, each in seconds.items()},
    }


def main() -> None:
    """Measure once and print."""
    plan = orjson.loads(sys.argv[1])
    if plan["core"] is not None:
        os.sched_setaffinity(0, {plan["core"]})
    configure_logs("critical")
    figures = asyncio.run(measure(plan))
    sys.stdout.buffer.write(orjson.dumps(figures, option=orjson.OPT_NON_STR_KEYS) + b"\n")


if __name__ == "__main__":
    main()
