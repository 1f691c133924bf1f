"""Fleets: what GPUs of one kind or several hold behind one router, and what a thousand fresh intents cost there.

python -m benchmarks.goodput.fleets > benchmarks/results/fleets.json
"""

import asyncio
import json
import multiprocessing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.goodput.limits import just_holds
from benchmarks.goodput.plan import GoodputPlan
from benchmarks.goodput.trial import Group, Trial, run
from penchant.offline.facts import facts
from sandbox.gpu.timing import SECOND_OPINION, TIMINGS, Timing

PRICES = {"l40s": 1.86, "h100": 6.88, "h200": 7.91}
"""Dollars for a GPU hour, on demand, in AWS's us-east-1: g6e.xlarge, and an eighth of p5.48xlarge and p5en.48xlarge."""

OURS, THEIRS = "GPUStack's run", "AIConfigurator"
LARGE, SMALL = "Qwen3-32B FP8", "Qwen3-8B"
JOBS = 2

Attempt = Callable[[Trial], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A model on a GPU, and whose timing that is."""

    model: str
    gpu: str
    timing: Timing
    source: str = THEIRS


@dataclass(frozen=True, slots=True)
class Fleet:
    """So many GPUs of each kind: in one pool, weighed by what each holds alone, or in a pool for each kind, in order,
    the next for what the one before has no slot for."""

    kinds: Mapping[Kind, int]
    ordered: bool = False

    @property
    def per_hour(self) -> float:
        """Dollars for an hour of all of it."""
        return sum(PRICES[kind.gpu] * number for kind, number in self.kinds.items())

    def groups(self, slices: int, alone: Mapping[Kind, float]) -> Sequence[Group]:
        """As slices of the GPUs, whose replicas hold so many events a second alone."""
        return [
            Group(kind.timing.sliced(slices), number, kind.gpu if self.ordered else "gpus", alone.get(kind, 1.0))
            for kind, number in self.kinds.items()
        ]


H100, L40S = Kind(LARGE, "h100", SECOND_OPINION), Kind(LARGE, "l40s", TIMINGS["qwen3-32b-fp8@l40s"])
SMALL_H100, SMALL_L40S = (Kind(SMALL, gpu, TIMINGS[f"qwen3-8b@{gpu}"]) for gpu in ("h100", "l40s"))

ALIKE = (
    Kind(LARGE, "h100", Timing(), OURS),
    H100,
    Kind(LARGE, "h200", TIMINGS["qwen3-32b-fp8@h200"]),
    L40S,
    SMALL_H100,
    SMALL_L40S,
)
MIXED = (
    Fleet({H100: 2, L40S: 4}),
    Fleet({H100: 2, L40S: 4}, ordered=True),
    Fleet({L40S: 4, H100: 2}, ordered=True),
    Fleet({SMALL_H100: 2, SMALL_L40S: 4}),
    Fleet({SMALL_H100: 2, SMALL_L40S: 4}, ordered=True),
)


async def measure(plan: GoodputPlan, alike: Sequence[Kind], mixed: Sequence[Fleet]) -> dict[str, Any]:
    """A row for each fleet: first four GPUs of each kind, then those that are mixed."""
    with ProcessPoolExecutor(JOBS, multiprocessing.get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()

        async def attempt(trial: Trial) -> dict[str, Any]:
            return await loop.run_in_executor(pool, run, trial)

        rows = await asyncio.gather(*(row(Fleet({kind: plan.replicas}), plan, {}, attempt) for kind in alike))
        alone = {kind: found["rate"] / plan.replicas for kind, found in zip(alike, rows, strict=True)}
        rows += await asyncio.gather(*(row(fleet, plan, alone, attempt) for fleet in mixed))
    return facts("fleets", quick=False) | {"slices": plan.slices, "prices": PRICES, "fleets": rows}


async def row(fleet: Fleet, plan: GoodputPlan, alone: Mapping[Kind, float], attempt: Attempt) -> dict[str, Any]:
    """What a fleet just holds, in events a second of whole GPUs, and what it did and cost there."""
    trial = replace(plan.trial("penchant", 1.0), fleet=fleet.groups(plan.slices, alone))
    held = await just_holds(trial, attempt, least=2.0) or 0.0
    figures = await attempt(replace(trial, rate=held)) if held else {}
    return {
        "model": " and ".join(dict.fromkeys(kind.model for kind in fleet.kinds)),
        "gpus": {kind.gpu: number for kind, number in fleet.kinds.items()},
        "source": " and ".join(dict.fromkeys(kind.source for kind in fleet.kinds)),
        "ordered": fleet.ordered,
        "per_hour": round(fleet.per_hour, 2),
        "rate": held * plan.slices,
        "dollars_per_1000_fresh": dollars(fleet.per_hour / plan.slices, plan.short.measured_s, figures.get("fresh", 0)),
        "figures": figures,
    }


def dollars(per_hour: float, seconds: float, fresh: int) -> float | None:
    """What a thousand fresh intents cost where there were so many in so long; None where there was none."""
    return round(per_hour * seconds / 3_600 / fresh * 1_000, 4) if fresh else None


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(GoodputPlan().sliced(), ALIKE, MIXED)), indent=1))
