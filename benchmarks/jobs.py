"""Jobs: how much batch work fits beside a day of live traffic with valleys, by several policies."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from benchmarks.valleys import Day, Policy, Trial, run_trial
from penchant.offline.facts import facts

Say = Callable[[str], None]

SCANNED: Mapping[Policy, tuple[int, ...]] = {
    "forecast": (24, 28, 32),
    "load alone": (24, 28, 32),
    "fixed": (1, 2, 4),
    "oracle": (20, 22, 24, 26),
}
"""Levels that are tried of each policy; that with the most tokens counts whose live p95 is within bounds."""

SEEDS = (1, 2, 3)
"""Days of each trial: by one alone the p95 of a few thousand calls moves by a twentieth, which is the bound."""

MOST_TIMES = 1.05
SALE = Day(peak=5.0, flat=True, slots=60, sale=(30, 45))
LEVEL = 28


@dataclass(frozen=True, slots=True)
class JobsPlan:
    """What to measure."""

    day: Day = field(default_factory=Day)
    levels: Mapping[Policy, tuple[int, ...]] = field(default_factory=lambda: dict(SCANNED))


QUICK = JobsPlan(Day(slot_s=1.0), {"forecast": (24,), "fixed": (1,), "oracle": (20,)})


async def run(plan: JobsPlan, say: Say) -> dict[str, Any]:
    """The whole benchmark; `say` takes lines for people."""
    alone = await asyncio.to_thread(_days, Trial("alone", plan.day, 0))
    found = []
    for policy, levels in plan.levels.items():
        for level in levels:
            found.append(await asyncio.to_thread(_days, Trial(policy, plan.day, level)))
            say(f"{policy}, {level}: {found[-1]['job_tokens']:,} tokens, live p95 {found[-1]['live_p95_s']} s")
    best = {policy: _best(found, policy, alone) for policy in plan.levels}
    sale = [await asyncio.to_thread(run_trial, Trial(policy, SALE, LEVEL)) for policy in ("alone", "forecast")]
    flat = [
        await asyncio.to_thread(run_trial, Trial("forecast", replace(SALE, sale=None, peak=rate), LEVEL))
        for rate in (0.02, 5.0)
    ]
    report = facts("jobs", quick=plan == QUICK) | {"alone": alone, "trials": found, "best": best}
    return report | {"sale_recovers_s": recovers_s(*sale), "rooms_at_constant_load": [each["room"] for each in flat]}


def recovers_s(alone: Mapping[str, Any], beside: Mapping[str, Any]) -> int:
    """How many seconds after a sale began live calls took a quarter longer than without jobs, for the last time."""
    begins, ends = (int(slot * SALE.slot_s) for slot in SALE.sale or (0, 0))
    pairs = enumerate(zip(alone["by_second"], beside["by_second"], strict=False))
    late = [at for at, (one, other) in pairs if begins <= at < ends and one and other and other > 1.25 * one]
    return max(late) - begins + 1 if late else 0


def _days(trial: Trial) -> dict[str, Any]:
    """A trial on the day of each seed: all tokens, all calls, and the mean of the days' times."""
    days = [run_trial(replace(trial, day=replace(trial.day, seed=seed))) for seed in SEEDS]
    sums = {name: sum(day[name] for day in days) for name in ("job_tokens", "live_calls", "live_late")}
    means = {name: round(fmean(day[name] for day in days), 3) for name in ("live_p50_s", "live_p95_s")}
    return {"policy": trial.policy, "level": trial.level} | sums | means


def _best(found: list[dict[str, Any]], policy: Policy, alone: Mapping[str, Any]) -> dict[str, Any]:
    """The trial with the most tokens whose live p95 is within bounds, and that p95 over live traffic's alone.

    Where no level is within bounds, no job runs at all.
    """
    alone_s = alone["live_p95_s"]
    fits = [each for each in found if each["policy"] == policy and each["live_p95_s"] <= MOST_TIMES * alone_s]
    best = max([alone, *fits], key=lambda each: int(each["job_tokens"]))
    return {"level": best["level"], "job_tokens": best["job_tokens"]} | {
        "p95_times": round(best["live_p95_s"] / alone_s, 3)
    }
