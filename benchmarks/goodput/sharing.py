"""Sharing: two processes, live and replay, before the same simulated GPUs, in virtual time.

They know nothing of each other: each has event loop, limiter, router and backlog of its own. What the replay leaves to
live traffic it leaves because it sees its own calls wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.goodput.freshness import Freshness
from benchmarks.goodput.pipeline import default_pipeline
from benchmarks.goodput.traffic import Traffic
from benchmarks.goodput.trial import MOST_STEPS, Course, Trial
from clients.calls import Class
from clients.limits.adaptive_limit import LimitRules
from penchant.operations.replay.run import EAGERNESS
from sandbox.clock import Clock
from sandbox.servers.gpu_server import GpuServer, Serving

LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Sharing:
    """`live` is a trial by itself; a replay of so many events a second is beside it, within these limits."""

    live: Trial
    replay_rate: float = 0.0
    limits: LimitRules = field(default_factory=LimitRules)


SHARE = 4
"""Calls that a replay may have at each server, so that live traffic beside it hardly notices."""

SHARINGS: Mapping[str, LimitRules] = {
    "a replay with live limits": LimitRules(),
    "a replay with limits as by default": LimitRules(eagerness=EAGERNESS),
    "a replay with four calls a server": LimitRules(eagerness=EAGERNESS, initial=SHARE, most=SHARE),
}

Execute = Callable[[Callable[[Sharing], dict[str, Any]], Sharing], Awaitable[dict[str, Any]]]


async def compare(live: Trial, capacity: float, execute: Execute) -> list[dict[str, Any]]:
    """Live at half of what the servers can take, alone and beside replays that would fill them by themselves."""
    alone = Sharing(replace(live, rate=capacity / 2))
    cases = {"nothing": alone} | {
        name: replace(alone, replay_rate=capacity, limits=limits) for name, limits in SHARINGS.items()
    }
    found = await asyncio.gather(*(execute(run, sharing) for sharing in cases.values()))
    base_s = found[0]["live"]["freshness_s"]["p95"]
    return [
        {"beside": name, "p95_times": _times(told["live"]["freshness_s"]["p95"], base_s)} | told
        for name, told in zip(cases, found, strict=True)
    ]


def run(sharing: Sharing) -> dict[str, Any]:
    """The figures of `live` and, where there is one, of `replay`. Made to be run in processes."""
    clock, trial = Clock(most=MOST_STEPS), sharing.live
    world = clock.process("world")
    servers = [GpuServer(f"gpu{number}", trial.timing, world, Serving()) for number in range(trial.replicas)]
    told: dict[str, Any] = {}
    sides: list[tuple[Class, float, int, LimitRules | None]] = [("live", trial.rate, trial.seed, None)]
    if sharing.replay_rate:
        sides.append(("replay", sharing.replay_rate, trial.seed + 1, sharing.limits))
    tasks = []
    for name, rate, seed, limits in sides:
        traffic = Traffic(rate, trial.span.end_s, seed)
        one = side(name, traffic, limits, trial, servers, told, world.time)
        tasks.append(clock.process(name).create_task(one))
    try:
        clock.run(world, ended(tasks))
    finally:
        clock.bury()
    return told


async def side(
    traffic_class: Class,
    traffic: Traffic,
    limits: LimitRules | None,
    trial: Trial,
    servers: Sequence[GpuServer],
    told: dict[str, Any],
    now_s: Callable[[], float],
) -> None:
    """One worker's traffic, through the real pipeline; its figures go to `told`, by the class."""
    freshness = Freshness(trial.span.warm_s, trial.span.until_s)
    system = default_pipeline({"gpus": servers}, freshness.readable, now_s, traffic_class=traffic_class, limits=limits)
    system.fill(traffic.before)
    course = Course(trial.span, servers, system, freshness)
    await course.run(traffic.arrivals)
    told[traffic_class] = course.figures()


def _times(p95_s: float | None, base_s: float | None) -> float | None:
    return round(p95_s / base_s, 3) if p95_s and base_s else None


async def ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """They are tasks of other loops, which cannot be awaited here."""
    while not all(task.done() for task in tasks):  # noqa: ASYNC110 (an event would be of another loop, too)
        await asyncio.sleep(LOOK_S)
    for task in tasks:
        task.result()
