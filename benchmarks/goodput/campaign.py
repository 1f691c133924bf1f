"""Campaign: all trials of a plan, and what they say of the aims."""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks.goodput.limits import LEAST_SHARE, Try, just_holds
from benchmarks.goodput.plan import QUICK, SYSTEMS, GoodputPlan, scaled, switched_off
from benchmarks.goodput.sharing import compare
from benchmarks.goodput.traffic import SHOPPERS_PER_RATE
from benchmarks.goodput.trial import Trial
from benchmarks.goodput.trial import run as run_trial
from penchant.offline.facts import facts

Say = Callable[[str], None]
Figures = dict[str, Any]

OVERLOAD, CLOSE, LEAST = 1.5, 0.01, 20
FIFTH, URGENT_SHARE, CACHED_SHARE, SHARED = 0.2, 0.95, 0.7, 1.1
"""The aims: GPU time per fresh intent, urgent intents in time at five times the load, cached share of prompts, and how
many times longer live p95 freshness may be beside a replay."""


async def run(plan: GoodputPlan, say: Say) -> Figures:
    """The whole benchmark; `say` takes lines for people."""
    report = facts("goodput", quick=plan.loads == QUICK.loads) | {"plan": plan.described()}
    if plan.jobs == 1:
        return report | await go_through(plan, asyncio.to_thread, say)
    with ProcessPoolExecutor(plan.jobs, multiprocessing.get_context("spawn")) as pool:
        return report | await go_through(plan, partial(asyncio.get_running_loop().run_in_executor, pool), say)


async def go_through(plan: GoodputPlan, execute: Callable[..., Awaitable[Figures]], say: Say) -> Figures:
    """All trials; `execute` runs a function with an argument somewhere, and returns what it returns."""
    attempt: Try = partial(execute, run_trial)
    unit = await just_holds(plan.trial("per event", 1.0), attempt, plan.seeds)
    if unit is None:
        raise AssertionError("one call an event holds at no rate at all: there is no load to compare at")
    say(f"one call an event just holds at {unit:g} events/s")
    report: Figures = {"unit_rate": unit, "loads": await _loads(plan, unit, attempt, say)}
    report["fewer_replicas"] = await _fewer(plan, unit, attempt)
    report["sensitivity"] = await _sensitivity(plan.shortly(), attempt, say)
    report["limits"] = await _limits(plan.sliced(), attempt, say) if plan.limits else {}
    capacity = report["limits"].get("penchant", {}).get("rate")
    report["without"] = await _without(plan.sliced(), capacity, attempt, say) if plan.without and capacity else []
    report["sharing"] = []
    if plan.sharing and capacity:  # as many slices as there are replicas make up about one whole GPU
        alone = replace(plan.shortly(), replicas=1).trial("penchant", 1.0)
        report["sharing"] = await compare(alone, capacity * plan.slices / plan.replicas, execute)
    return report | {"aims": _aims(report)}


async def _loads(plan: GoodputPlan, unit: float, attempt: Try, say: Say) -> list[Figures]:
    trials = [
        (load, plan.trial(system, load * unit, seed=seed))
        for load in plan.loads
        for system in SYSTEMS
        for seed in plan.seeds
        if seed == plan.seeds[0] or load in {1.0, 5.0}
    ]
    found = await asyncio.gather(*(attempt(trial) for _, trial in trials))
    rows = [
        {"system": trial.system, "load": load, "rate": trial.rate, "seed": trial.seed} | figures
        for (load, trial), figures in zip(trials, found, strict=True)
    ]
    for row in rows:
        shares = (f"{row[name]:.1%}" for name in ("fresh_share", "urgent_fresh_share"))
        say(f"{row['system']} at {row['load']:g}: in time {' and of the urgent '.join(shares)}")
    return rows


async def _fewer(plan: GoodputPlan, unit: float, attempt: Try) -> list[Figures]:
    """The load that the operator holds with all replicas, with fewer of them."""
    numbers = range(1, plan.replicas)
    trials = [replace(plan.trial("penchant", unit), replicas=number) for number in numbers]
    found = await asyncio.gather(*(attempt(trial) for trial in trials))
    return [{"replicas": number} | figures for number, figures in zip(numbers, found, strict=True)]


async def _limits(plan: GoodputPlan, attempt: Try, say: Say) -> dict[str, Figures]:
    """The highest rate that each system holds, and what a fresh intent costs there."""
    return {system: await _limit(plan.trial(system, 1.0), attempt, say, system) for system in SYSTEMS}


async def _limit(trial: Trial, attempt: Try, say: Say, name: str, capacity: float | None = None) -> Figures:
    """Without something no more than the `capacity` of the whole is looked for, nor less than a twentieth of it."""
    most = None if capacity is None else capacity * (1 + CLOSE)
    rate = await just_holds(trial, attempt, least=0.25 if capacity is None else capacity / LEAST, most=most)
    figures = {} if rate is None else await attempt(replace(trial, rate=rate))
    say(f"{name} holds {rate} events/s")
    return {"rate": rate} | figures


async def _without(plan: GoodputPlan, capacity: float, attempt: Try, say: Say) -> list[Figures]:
    """The rate that is held with one thing after the other switched off, and what comes of half as much again as is
    held with all of them."""
    whole = plan.trial("penchant", 1.0)
    cases = switched_off(whole)
    found = await asyncio.gather(
        *(_limit(trial, attempt, say, f"without {name}", capacity) for name, trial in cases.items())
    )
    beyond = [replace(trial, rate=OVERLOAD * capacity) for trial in (whole, cases["ordering"])]
    overloaded = dict(zip(("nothing", "ordering"), await asyncio.gather(*map(attempt, beyond)), strict=True))
    limits = {"nothing": {"rate": capacity}} | dict(zip(cases, found, strict=True))
    return [
        {"without": name, "limit": limit, "beyond": overloaded.get(name), "held": round(limit["rate"] / capacity, 3)}
        for name, limit in limits.items()
    ]


async def _sensitivity(plan: GoodputPlan, attempt: Try, say: Say) -> list[Figures]:
    cases = [(name, factor) for name in plan.sensitive for factor in (0.5, 2.0)]
    rows = await asyncio.gather(*(_changed(plan, attempt, *case) for case in cases))
    for row in rows:
        told = (
            f"urgent {row['urgent_fresh_share']:.1%}, cost {row['cost']}" if row["operator_rate"] else "nothing holds"
        )
        say(f"{row['parameter']} times {row['factor']:g}: {told}")
    return list(rows)


async def _changed(plan: GoodputPlan, attempt: Try, name: str, factor: float) -> Figures:
    """Five times what the operator holds on another GPU. Where it never holds any rate, there is nothing to compare."""
    changed = replace(plan, timing=scaled(plan.timing, name, factor))
    rate = await just_holds(changed.trial("per event", 1.0), attempt)
    if rate is None:
        return {"parameter": name, "factor": factor, "operator_rate": None}
    theirs = await attempt(changed.trial("per event", rate))
    ours = await attempt(changed.trial("penchant", 5 * rate))
    return {
        "parameter": name,
        "factor": factor,
        "operator_rate": rate,
        "fresh_share": ours["fresh_share"],
        "urgent_fresh_share": ours["urgent_fresh_share"],
        "cached_share": ours["cached_share"],
        "gpu_s_per_fresh_intent": ours["gpu_s_per_fresh_intent"],
        "cost": _cost(ours, theirs),
    }


def _aims(report: Figures) -> dict[str, Figures]:
    """What was aimed at, what came of it, and whether that is enough. The worst of all seeds."""
    at = {(row["system"], row["load"], row["seed"]): row for row in report["loads"]}
    seeds = {row["seed"] for row in report["loads"] if row["load"] == 5.0}
    one = max(_cost(at["penchant", 1.0, seed], at["per event", 1.0, seed]) or 9.9 for seed in seeds)
    five = max(_cost(at["penchant", 5.0, seed], at["per event", 1.0, seed]) or 9.9 for seed in seeds)
    held = [row for row in report["fewer_replicas"] if row["fresh_share"] >= LEAST_SHARE]
    fewest = min(held, key=lambda row: row["replicas"], default=None)
    urgent = min(at["penchant", 5.0, seed]["urgent_fresh_share"] for seed in seeds)
    shoppers = int(5 * report["unit_rate"] * SHOPPERS_PER_RATE)
    waiting = max(at["penchant", 5.0, seed]["most_waiting"] for seed in seeds)
    cached = min(row["cached_share"] for row in report["loads"] if row["system"] == "penchant")
    cost = _cost(fewest, at["per event", 1.0, min(seeds)]) if fewest else None
    return {
        "cost at the same load, all replicas on": _aim(one, FIFTH, met=one <= FIFTH),
        "cost at the same load, as few replicas as hold it": _aim(cost, FIFTH, met=cost is not None and cost <= FIFTH),
        "cost at five times the load": _aim(five, FIFTH, met=five <= FIFTH),
        "urgent intents in time at five times the load": _aim(urgent, URGENT_SHARE, met=urgent >= URGENT_SHARE),
        "shoppers owed at once at five times the load": _aim(waiting, shoppers, met=waiting <= shoppers),
        **_shared(report),
        "cached share of prompts": _aim(cached, CACHED_SHARE, met=cached >= CACHED_SHARE),
    }


def _shared(report: Figures) -> dict[str, Figures]:
    """By how many times live freshness grows beside a replay, in the best of the ways."""
    times = [row["p95_times"] for row in report["sharing"][1:] if row["p95_times"]]
    if not times:
        return {}
    return {"live p95 freshness beside a replay, times alone": _aim(min(times), SHARED, met=min(times) <= SHARED)}


def _aim(found: float | None, aim: float, *, met: bool) -> Figures:
    return {"found": found, "aim": aim, "met": met}


def _cost(ours: Figures, theirs: Figures) -> float | None:
    """GPU time per fresh intent, as a share of theirs."""
    mine, other = ours["gpu_s_per_fresh_intent"], theirs["gpu_s_per_fresh_intent"]
    return round(mine / other, 3) if mine and other else None
