"""Bursty: what each system holds with the gaps of a recording, in events a second, on quarters of the GPUs.

python -m benchmarks.goodput.bursty rees46_sample.csv
"""

import asyncio
import json
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.goodput.limits import just_holds
from benchmarks.goodput.plan import GoodputPlan
from benchmarks.goodput.recorded import Sessions, sessions
from benchmarks.goodput.trial import SystemName, Trial, run

SYSTEMS: tuple[SystemName, ...] = ("per event", "own prompts", "penchant")
LEAST = 2.0
JOBS = 2


async def measure(file: Path) -> dict[str, Any]:
    """The limit of each system, and what it did there."""
    recorded, plan = sessions(file), GoodputPlan().sliced()
    rows: dict[str, Any] = {}
    with ProcessPoolExecutor(JOBS, multiprocessing.get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()

        async def attempt(trial: Trial) -> dict[str, Any]:
            return await loop.run_in_executor(pool, run, trial)

        async def limit(system: SystemName) -> None:
            trial = replace(plan.trial(system, 1.0), sessions=recorded)
            rate = await just_holds(trial, attempt, least=LEAST)
            rows[system] = {"rate": rate} | (await attempt(replace(trial, rate=rate)) if rate else {})

        await asyncio.gather(*map(limit, SYSTEMS))
    return {"recording": file.name, "gaps_s": gaps(recorded), "systems": rows}


def gaps(recorded: Sessions) -> dict[str, float]:
    """Between events of a session: tenths, and which share is at most two seconds."""
    found = [later[0] - event[0] for session in recorded for event, later in pairwise(session)]
    deciles = quantiles(found, n=10)
    short = sum(each <= 2.0 for each in found) / len(found)
    return {
        "p10": round(deciles[0], 1),
        "p50": round(deciles[4], 1),
        "p90": round(deciles[8], 1),
        "within_2_s": round(short, 4),
    }


if __name__ == "__main__":
    print(json.dumps([asyncio.run(measure(Path(each))) for each in sys.argv[1:]], indent=1))
