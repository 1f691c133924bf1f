"""Incident: one run in which a replica dies, a pool overloads and a bad canary is released, in virtual time: what the
system does, and when.

Two pools of simulated GPUs serve one worker. The second is for what the first has no slot for. A third has a new
model, which answers half of the calls in prose.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from benchmarks.goodput.canary import Babble, Canary
from benchmarks.goodput.freshness import Freshness, Sample, percentiles
from benchmarks.goodput.pipeline import default_pipeline
from benchmarks.goodput.traffic import Traffic
from benchmarks.goodput.trial import MOST_STEPS, feed
from clients.calls import Call
from clients.pools.registry import Notice
from penchant.offline.facts import facts
from penchant.offline.whatif.pipeline import Pipeline
from sandbox.clock import Clock
from sandbox.gpu.timing import Timing
from sandbox.servers.gpu_server import GpuServer, Serving
from streams.errors import DeadlinePassed, ModelUnavailable

FIRST, SECOND = "first", "second"
DEAD, CANARY = "first-1", "canary-1"
LOOK_S = 1.0
TAIL_S = 10.0
"""For the last events' intents."""

NEIGHBOUR = "What another team asks of the same GPUs. " * 40
"""400 tokens; each prompt of theirs begins with a number of its own, so that nothing of it is cached."""

NEIGHBOUR_TOKENS, NEIGHBOUR_WITHIN_S = 300, 60.0


@dataclass(frozen=True, slots=True)
class IncidentPlan:
    """Events a second, replicas of the two pools, and when what happens. So many `neighbours` call the first pool's
    GPUs for something else, without a pause, while it is overloaded; they come within `onset_s`."""

    rate: float = 40.0
    first: int = 3
    second: int = 2
    dies_s: float = 62.0
    back_s: float = 102.0
    overload_s: float = 150.0
    relief_s: float = 190.0
    canary_s: float = 230.0
    percent: float = 10.0
    end_s: float = 290.0
    neighbours: int = 450
    onset_s: float = 10.0
    timing: Timing = field(default_factory=Timing)
    seed: int = 1


QUICK = IncidentPlan(
    rate=12.0, dies_s=16.0, back_s=27.0, overload_s=40.0, relief_s=55.0, canary_s=70.0, percent=50.0, end_s=110.0
)


async def report(plan: IncidentPlan, *, quick: bool) -> dict[str, Any]:
    """The run with the facts of the machine, which it does not depend on."""
    return facts("incident", quick=quick) | await asyncio.to_thread(run, plan)


def run(plan: IncidentPlan) -> dict[str, Any]:
    """What happened, what the system said of it, and how it went, second by second."""
    clock = Clock(most=MOST_STEPS)
    world = clock.process("world")
    pools = {
        name: [GpuServer(f"{name}-{number + 1}", plan.timing, world, Serving()) for number in range(replicas)]
        for name, replicas in ((FIRST, plan.first), (SECOND, plan.second))
    }
    notices: list[Notice] = []
    freshness = Freshness(0.0, plan.end_s)
    canary = Canary(GpuServer(CANARY, plan.timing, world, Serving(Babble())), world.time)
    pipeline = default_pipeline(pools, freshness.readable, world.time, notify=notices.append, router=canary.router)
    course = Course(plan, pools[FIRST], pipeline, canary, freshness)
    try:
        clock.run(world, course.run())
    finally:
        clock.bury()
    freshness.close()
    return {
        "happened": course.happened,
        "notices": [
            *(_notice(each.at_s, each.replica, each.kind, each.why) for each in notices),
            *(_notice(each.at_s, each.arm, each.kind, each.why) for each in canary.notices),
        ],
        "seconds": course.seconds,
        "freshness": _by_time(freshness.samples, plan.end_s),
        "whole": freshness.figures(),
    }


class Course:
    """What happens to a pipeline and its GPUs, and a look at them every second."""

    def __init__(
        self, plan: IncidentPlan, first: Sequence[GpuServer], pipeline: Pipeline, canary: Canary, freshness: Freshness
    ) -> None:
        self._plan, self._first, self._pipeline, self._freshness = plan, first, pipeline, freshness
        self._canary = canary
        self._dead = next(server for server in first if server.name == DEAD)
        self._numbers = count()
        self.happened: list[dict[str, Any]] = []
        self.seconds: list[dict[str, Any]] = []

    async def run(self) -> None:
        """From the beginning to the end."""
        traffic = Traffic(self._plan.rate, self._plan.end_s, self._plan.seed)
        self._pipeline.fill(traffic.before)
        async with asyncio.TaskGroup() as tasks:
            runs = (self._pipeline.run(), self._canary.sync.run(), self._look(), self._happen())
            beside = [tasks.create_task(each) for each in runs]
            await feed(self._pipeline, traffic.arrivals, self._freshness)
            await asyncio.sleep(TAIL_S)
            for task in beside:
                task.cancel()

    async def _happen(self) -> None:
        plan = self._plan
        await self._until(plan.dies_s, f"{DEAD} dies")
        self._dead.die("connection refused")
        await self._until(plan.back_s, f"{DEAD} is back")
        self._dead.fault = ""
        await self._until(plan.overload_s, "others load the first pool")
        async with asyncio.TaskGroup() as tasks:
            for number in range(plan.neighbours):
                server = self._first[number % len(self._first)]
                tasks.create_task(self._neighbour(server, plan.onset_s * number / plan.neighbours))
        self.happened.append({"at_s": plan.relief_s, "what": "the others have gone"})
        await self._until(plan.canary_s, f"a bad canary, {plan.percent:g} %")
        self._canary.release(plan.percent)

    async def _until(self, at_s: float, what: str) -> None:
        await asyncio.sleep(at_s - asyncio.get_running_loop().time())
        self.happened.append({"at_s": at_s, "what": what})

    async def _neighbour(self, server: GpuServer, after_s: float) -> None:
        """Somebody who asks without a pause, and takes a refusal for a reason to ask again."""
        await asyncio.sleep(after_s)
        now = asyncio.get_running_loop().time
        while now() < self._plan.relief_s:
            number = next(self._numbers)
            deadline_s = min(now() + NEIGHBOUR_WITHIN_S, self._plan.relief_s)
            try:
                await server.complete(Call(str(number), f"{number} {NEIGHBOUR}", deadline_s, NEIGHBOUR_TOKENS))
            except ModelUnavailable:
                await asyncio.sleep(LOOK_S)
            except DeadlinePassed:
                return

    async def _look(self) -> None:
        while True:
            replicas = {
                each.name: {
                    "state": each.state,
                    "limit": each.limiter.limit.calls,
                    "in_flight": each.limiter.in_flight.total(),
                    "answers": each.counts.answers,
                    "non_local": each.counts.non_local,
                    "spilled": each.counts.spilled,
                    "overloads": each.counts.overloads,
                    "failures": each.counts.failures,
                }
                for each in (*self._pipeline.pools.replicas, *self._canary.pools.replicas)
            }
            at_s = round(asyncio.get_running_loop().time(), 1)
            self.seconds.append({"at_s": at_s, "waiting": self._pipeline.waiting, "replicas": replicas})
            await asyncio.sleep(LOOK_S)


def _notice(at_s: float, who: str, kind: str, why: str) -> dict[str, Any]:
    return {"at_s": round(at_s, 2), "who": who, "kind": kind.replace("_", " "), "why": why}


def _by_time(samples: Sequence[Sample], end_s: float, step_s: float = 2.0) -> list[dict[str, Any]]:
    """Freshness of the events of each two seconds."""
    rows = []
    for number in range(int(end_s / step_s)):
        span = [sample for sample in samples if number <= sample.at_s / step_s < number + 1]
        if span:
            urgent = [sample.delay_s for sample in span if sample.urgent]
            every = percentiles([sample.delay_s for sample in span])
            rows.append({"at_s": number * step_s, "all": every, "urgent": percentiles(urgent) if urgent else None})
    return rows
