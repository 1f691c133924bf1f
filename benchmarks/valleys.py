"""Valleys: a day of live traffic before a simulated GPU, with jobs beside it by one policy.

In virtual time. A slot of five minutes lasts `slot_s` here, so that load rises a hundred times as fast as a shop's
does: whoever looks at the load of now alone has it harder than in truth. Live calls arrive whether or not others are
answered; jobs have as many calls in flight as they are let.
"""

import asyncio
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from agents.fleet.forecast import DAY, KEPT, SLOT_S, forecast
from agents.jobs.share import LiveLoad, LoadWatch, growth, room
from clients.calls import Call
from clients.limits.adaptive_limit import LimitRules
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.registry import RegistryRules
from penchant.worker.use_cases import EAGERNESS
from sandbox.clock import Clock
from sandbox.gpu.timing import Timing
from sandbox.servers.gpu_server import GpuServer, Serving
from streams.errors import Retry

Policy = Literal["alone", "forecast", "load alone", "fixed", "oracle"]
"""How many calls jobs may have: none; by load and forecast, as runners do; by the load now; always as many; by the
rates of the day as only an oracle knows them."""

LIVE_TOKENS, JOB_TOKENS = 60, 120
"""Of answers."""

SHARED = "Instructions that all live prompts share. " * 30
OWN, OTHERS = 480, 1_600
"""Characters of a live prompt's own lines, and of a job's prompt: 120 and 400 tokens."""

DEADLINE_S = 60.0
LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Day:
    """What happens: live calls a second in the valley and at the peak; in `sale`, slots from and to, three times as
    many."""

    valley: float = 1.0
    peak: float = 16.0
    slots: int = DAY
    slot_s: float = 2.0
    sale: tuple[int, int] | None = None
    flat: bool = False
    seed: int = 1

    def usual(self, slot: int) -> float:
        """Calls a second that a slot of the day usually has: a low night and two humps, the evening's the higher."""
        if self.flat:
            return self.peak
        at = 2 * math.pi * (slot % DAY) / DAY
        shape = 0.5 - 0.42 * math.cos(at - 0.9) - 0.12 * math.cos(2 * at - 0.6)
        return self.valley + (self.peak - self.valley) * min(max(shape, 0.0), 1.0)

    def rate(self, slot: int) -> float:
        """Calls a second that it has."""
        times = 3.0 if self.sale and self.sale[0] <= slot < self.sale[1] else 1.0
        return self.usual(slot) * times

    def history(self, slot: int, made: Mapping[int, int]) -> dict[int, int]:
        """Calls by slot of the fortnight before a slot: noisy days before the first, and what was made since."""
        draw = random.Random(self.seed)
        before = {each: round(self.usual(each) * SLOT_S * draw.uniform(0.9, 1.1)) for each in range(-KEPT, 0)}
        since = {each: round(count * SLOT_S / self.slot_s) for each, count in made.items()}
        return {each: count for each, count in (before | since).items() if slot - KEPT <= each < slot}


@dataclass(frozen=True, slots=True)
class Trial:
    """A policy on a day; `level` is how many calls live and jobs may have in flight together."""

    policy: Policy
    day: Day
    level: int
    timing: Timing = field(default_factory=Timing)


def run_trial(trial: Trial) -> dict[str, Any]:
    """What came of it. A pure function of the trial, made to be run in processes."""
    clock = Clock(most=10**9)
    world = clock.process("world")
    course = _Course(trial, GpuServer("gpu", trial.timing, world, Serving(answer=_answer)))
    try:
        clock.run(world, course.run())
    finally:
        clock.bury()
    if world.failures:
        raise AssertionError(world.failures[0])
    return course.figures()


def _answer(prompt: str) -> str:
    return "word" * (JOB_TOKENS if prompt.startswith("job") else LIVE_TOKENS)


class _Course:
    """The day, from its first slot to its last."""

    def __init__(self, trial: Trial, server: GpuServer) -> None:
        self._trial, self._draw = trial, random.Random(trial.day.seed)
        pools = [Pool("gpu", (Endpoint(url="http://gpu"),))]
        self._live = PooledClient(pools, lambda _: server)
        self._jobs = PooledClient(pools, lambda _: server, RegistryRules(LimitRules(eagerness=EAGERNESS)))
        self._in_flight = {"live": 0, "batch": 0}
        self._room, self._watch = 0, LoadWatch()
        self._rooms: list[int] = []
        self._slot, self._times = -1, 1.0
        self._made: dict[int, int] = {}
        self._delays: list[tuple[float, float]] = []
        self._tokens = self._late = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Live calls arrive, and every second jobs are let in anew."""
        upkeep = [asyncio.create_task(each) for each in (self._look(), self._work())]
        now, day, number = asyncio.get_running_loop().time, self._trial.day, 0
        while (slot := int(now() / day.slot_s)) < day.slots:
            await asyncio.sleep(self._draw.expovariate(day.rate(slot)))
            number += 1
            self._made[slot] = self._made.get(slot, 0) + 1
            own = f"{number:08}" * (OWN // 8)
            self._begin(Call(f"live-{number}", f"live {SHARED}{own}", now() + DEADLINE_S, LIVE_TOKENS))
        for task in upkeep:
            task.cancel()
        await asyncio.gather(*upkeep, *self._tasks, return_exceptions=True)

    def figures(self) -> dict[str, Any]:
        """Tokens of jobs, and how long live calls took, in seconds."""
        delays = [delay for _, delay in self._delays]
        return {
            "policy": self._trial.policy,
            "level": self._trial.level,
            "job_tokens": self._tokens,
            "live_calls": len(delays),
            "live_late": self._late,
            "live_p50_s": round(float(np.percentile(delays, 50)), 3),
            "live_p95_s": round(float(np.percentile(delays, 95)), 3),
            "room": [int(np.percentile(self._rooms, share)) for share in (5, 50, 95)],
            "by_second": self._by_second() if self._trial.day.sale else None,
        }

    def _by_second(self) -> list[float | None]:
        """The median time of live calls that arrived in each second."""
        found: dict[int, list[float]] = {}
        for at_s, delay in self._delays:
            found.setdefault(int(at_s), []).append(delay)
        return [round(float(np.median(found[at])), 3) if at in found else None for at in range(max(found) + 1)]

    def _begin(self, call: Call) -> None:
        task = asyncio.create_task(self._call(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _call(self, call: Call) -> None:
        now, kind = asyncio.get_running_loop().time, call.traffic_class
        began_s = now()
        self._in_flight[kind] += 1
        try:
            done = await (self._live if kind == "live" else self._jobs).complete(call)
        except Retry:
            self._late += kind == "live"
            return
        finally:
            self._in_flight[kind] -= 1
        if kind == "live":
            self._delays.append((began_s, now() - began_s))
        else:
            self._tokens += (done.input_tokens or 0) + (done.output_tokens or 0)

    async def _look(self) -> None:
        while True:
            self._room = self._found()
            self._rooms.append(self._room)
            await asyncio.sleep(LOOK_S)

    def _found(self) -> int:
        """How many calls jobs may have in flight, as the policy has it."""
        trial, day = self._trial, self._trial.day
        now_s = asyncio.get_running_loop().time()
        slot = int(now_s / day.slot_s)
        load = LiveLoad(self._in_flight["live"], trial.level)
        if trial.policy == "alone":
            return 0
        if trial.policy == "fixed":
            return trial.level
        if trial.policy == "oracle":
            return max(trial.level - self._foreseen(now_s), 0)
        if trial.policy == "forecast" and slot != self._slot:
            self._slot, self._times = slot, growth(forecast(day.history(slot, self._made), slot))
        times = self._times
        return room(load, self._watch.look(load.in_flight), times, 1.0)

    def _foreseen(self, now_s: float) -> int:
        """Live calls in flight while a job's call would run, by what will arrive then: as only an oracle knows."""
        day = self._trial.day
        coming = max(day.rate(int((now_s + ahead) / day.slot_s)) for ahead in range(4))
        return round(coming * (1.0 + coming / 16.0))

    async def _work(self) -> None:
        now, number = asyncio.get_running_loop().time, 0
        while True:
            while self._in_flight["batch"] < self._room:
                number += 1
                prompt = f"job {number:07}" * (OTHERS // 11)
                self._begin(Call(f"job-{number}", prompt, now() + DEADLINE_S, JOB_TOKENS, traffic_class="batch"))
                await asyncio.sleep(0)
            await asyncio.sleep(0.05)
