"""Trial: one system under one load before simulated GPUs, in virtual time."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, Protocol

from benchmarks.goodput.freshness import Freshness
from benchmarks.goodput.operator import AsyncOperator, OperatorRules, OwnPrompts
from benchmarks.goodput.pipeline import Without, default_pipeline
from benchmarks.goodput.recorded import RecordedTraffic, Sessions
from benchmarks.goodput.traffic import Traffic
from benchmarks.intervals import round_off
from penchant.offline.whatif.arrivals import Arrival
from sandbox.clock import Clock, Process
from sandbox.gpu.answers import LOOKS_AROUND
from sandbox.gpu.timing import Timing
from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN
from sandbox.servers.gpu_server import GpuServer, Serving, Spent

SystemName = Literal["per event", "debounced", "own prompts", "penchant"]
DEBOUNCE_S = 1.0
LOOK_S = 0.5
MOST_STEPS = 10**9


class System(Protocol):
    """What takes events and makes calls."""

    @property
    def calls(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    def waiting_bytes(self) -> int: ...

    def fill(self, arrivals: Iterable[Arrival]) -> None: ...

    async def take(self, arrival: Arrival) -> None: ...

    async def run(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds: measured are the events between `warm_s` and `until_s`; whatever has no intent at `end_s` has none."""

    warm_s: float = 30.0
    measured_s: float = 60.0
    tail_s: float = 10.0

    @property
    def until_s(self) -> float:
        """When the measured time ends."""
        return self.warm_s + self.measured_s

    @property
    def end_s(self) -> float:
        """When all ends."""
        return self.until_s + self.tail_s


@dataclass(frozen=True, slots=True)
class Group:
    """Replicas that are alike, of one pool; `weight` is the share of the shoppers that each of them has."""

    timing: Timing
    replicas: int
    pool: str = "gpus"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried. `rate` is events a second; `operator` is how the systems that are not ours work;
    `sessions` are recorded ones, in the place of simulated shoppers, `fleet` is in the place of replicas alike."""

    system: SystemName
    rate: float
    operator: OperatorRules
    operator_tokens: int
    span: Span = field(default_factory=Span)
    timing: Timing = field(default_factory=Timing)
    replicas: int = 4
    seed: int = 1
    without: Without = field(default_factory=Without)
    answer_tokens: int = 0
    reuse: bool = True
    call_budget_s: float = 0.0
    beat_s: float = 0.0
    sessions: Sessions = ()
    fleet: Sequence[Group] = ()

    @property
    def groups(self) -> Sequence[Group]:
        """All replicas."""
        return self.fleet or (Group(self.timing, self.replicas),)


def run(trial: Trial) -> dict[str, Any]:
    """Its figures. A pure function of the trial, made to be run in processes."""
    clock = Clock(most=MOST_STEPS)
    world = clock.process("world")
    freshness = Freshness(trial.span.warm_s, trial.span.until_s)
    servers = _servers(trial, world)
    system = _system(trial, servers, freshness.readable, world)
    traffic = traffic_of(trial)
    system.fill(traffic.before)
    shared = len(trial.operator.instructions) // CHARACTERS_PER_TOKEN // trial.timing.block_tokens
    course = Course(trial.span, servers, system, freshness, shared * trial.timing.block_tokens)
    try:
        clock.run(world, course.run(traffic.arrivals))
    finally:
        clock.bury()
    if world.failures:
        raise AssertionError(world.failures[0])
    return course.figures()


def traffic_of(trial: Trial) -> Traffic | RecordedTraffic:
    """Simulated shoppers, or recorded ones where there are some."""
    if trial.sessions:
        return RecordedTraffic(trial.sessions, trial.rate, trial.span.end_s, trial.seed)
    return Traffic(trial.rate, trial.span.end_s, trial.seed)


async def feed(system: System, arrivals: Iterable[Arrival], freshness: Freshness) -> None:
    """Hand each event over when its time has come, counted from the beginning of virtual time."""
    now = asyncio.get_running_loop().time
    for arrival in arrivals:
        await asyncio.sleep(max(arrival.at_s - now(), 0.0))
        freshness.arrived(arrival)
        await system.take(arrival)


class Course:
    """Lets a system go through its events, and looks at it meanwhile. All prompts share so many tokens, the first."""

    def __init__(
        self, span: Span, servers: Sequence[GpuServer], system: System, freshness: Freshness, shared_tokens: int = 0
    ) -> None:
        self._span, self._servers, self._system, self._freshness = span, servers, system, freshness
        self._shared_tokens = shared_tokens
        self._spent: Spent | None = None
        self._calls = self._most_waiting = self._most_bytes = 0

    async def run(self, arrivals: Sequence[Arrival]) -> None:
        """From the first event to the end."""
        running = asyncio.create_task(self._system.run())
        beside = [running, asyncio.create_task(self._look()), asyncio.create_task(self._count())]
        feeding = asyncio.create_task(feed(self._system, arrivals, self._freshness))
        done, _ = await asyncio.wait([running, feeding], return_when=asyncio.FIRST_COMPLETED)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        for task in done:
            task.result()
        self._freshness.close()

    def figures(self) -> dict[str, Any]:
        """What it came to."""
        if self._spent is None:
            raise AssertionError("the measured time has not ended")
        told, spent = self._freshness.figures(), self._spent
        return told | {
            "calls": self._calls,
            "gpu_s": round(spent.gpu_s, 2),
            "gpu_s_per_fresh_intent": round_off(spent.gpu_s / told["fresh"]) if told["fresh"] else None,
            "prefilled_tokens": spent.prefilled_tokens,
            "cached_share": round(spent.cached_share, 4),
            "own_cached_share": round(spent.own_cached_share(self._shared_tokens * self._calls), 4),
            "output_tokens": spent.output_tokens,
            "most_waiting": self._most_waiting,
            "most_waiting_kb": round(self._most_bytes / 1e3, 1),
        }

    async def _count(self) -> None:
        """What is spent within the measured time."""
        await asyncio.sleep(self._span.warm_s)
        spent, calls = Spent.of(self._servers), self._system.calls
        await asyncio.sleep(self._span.measured_s)
        self._spent, self._calls = Spent.of(self._servers).since(spent), self._system.calls - calls

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self._most_waiting = max(self._most_waiting, self._system.waiting)
            self._most_bytes = max(self._most_bytes, self._system.waiting_bytes())


def _servers(trial: Trial, world: Process) -> list[GpuServer]:
    """All answers are one text, and take as long as those that they stand for."""
    ours = trial.system in {"penchant", "own prompts"}
    tokens = trial.answer_tokens if ours else trial.operator_tokens
    serving = Serving(lambda _: LOOKS_AROUND, tokens, trial.reuse)
    timings = [group.timing for group in trial.groups for _ in range(group.replicas)]
    return [GpuServer(f"gpu{number}", timing, world, serving) for number, timing in enumerate(timings)]


def _system(
    trial: Trial, servers: Sequence[GpuServer], readable: Callable[[str, int, float], None], world: Process
) -> System:
    if trial.system == "penchant":
        pools, weights = _pools(trial.groups, servers)
        return default_pipeline(
            pools,
            readable,
            world.time,
            trial.without,
            call_budget_s=trial.call_budget_s,
            beat_s=trial.beat_s,
            weights=weights,
        )
    operator = OwnPrompts if trial.system == "own prompts" else AsyncOperator
    return operator(trial.operator, servers, readable)


def _pools(
    groups: Sequence[Group], servers: Sequence[GpuServer]
) -> tuple[dict[str, list[GpuServer]], dict[str, float]]:
    """The pools in order, and the weight of each server."""
    pools: dict[str, list[GpuServer]] = {}
    weights: dict[str, float] = {}
    rest = iter(servers)
    for group in groups:
        for server in islice(rest, group.replicas):
            pools.setdefault(group.pool, []).append(server)
            weights[server.name] = group.weight
    return pools, weights
