"""Sharing: two processes, live and replay, before the same simulated GPUs, in virtual time.

They know nothing of each other: each has event loop, limiter, router and backlog of its own. What the replay leaves to
live traffic it leaves because it sees its own calls wait.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from clients.calls import Class
from clients.limit import LimitRules
from penchant.bench.goodput.freshness import Freshness
from penchant.bench.goodput.pipeline import Pipeline
from penchant.bench.goodput.servers import GpuServer, Serving
from penchant.bench.goodput.traffic import Traffic
from penchant.bench.goodput.trial import MOST_STEPS, Course, Trial
from penchant.virtual.clock import Clock

LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Sharing:
    """`live` is a trial by itself; a replay of so many events a second is beside it, within these limits."""

    live: Trial
    replay_rate: float = 0.0
    limits: LimitRules = field(default_factory=LimitRules)


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
        side = _side(name, traffic, limits, trial, servers, told, world.time)
        tasks.append(clock.process(name).create_task(side))
    try:
        clock.run(world, _ended(tasks))
    finally:
        clock.bury()
    return told


async def _side(
    traffic_class: Class,
    traffic: Traffic,
    limits: LimitRules | None,
    trial: Trial,
    servers: Sequence[GpuServer],
    told: dict[str, Any],
    now_s: Callable[[], float],
) -> None:
    freshness = Freshness(trial.span.warm_s, trial.span.until_s)
    system = Pipeline({"gpus": servers}, freshness.readable, now_s, traffic_class=traffic_class, limits=limits)
    system.fill(traffic.before)
    course = Course(trial.span, servers, system, freshness)
    await course.run(traffic.arrivals)
    told[traffic_class] = course.figures()


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """They are tasks of other loops, which cannot be awaited here."""
    while not all(task.done() for task in tasks):  # noqa: ASYNC110 (an event would be of another loop, too)
        await asyncio.sleep(LOOK_S)
    for task in tasks:
        task.result()
