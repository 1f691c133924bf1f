"""Calls: what a call costs this process, and what it adds to the model's own time, by dialect and calls in flight.

Every model answers after the same time, known beforehand: what a call takes beyond it is added by client, connection
and the server's front. Each round measures every dialect once, in an order that turns from round to round.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.health.percentiles import percentiles
from benchmarks.dialects import TOKENS, Stage, stage
from benchmarks.intervals import interval, round_off
from clients.calls import Call, ModelClient
from penchant.offline.facts import facts

PROMPT = "2,v,7,1,3,129.00,Some product with a title of ordinary length\n" * 100
WITHIN_S = 60.0
WARM = 8
Say = Callable[[str], None]

NUMBER = itertools.count()


@dataclass(frozen=True, slots=True)
class Level:
    """So many calls at once, of a model that takes so long: about as many a second at each level."""

    in_flight: int
    model_ms: float
    calls: int


@dataclass(frozen=True, slots=True)
class ClientCostPlan:
    """What to measure."""

    levels: Sequence[Level] = (Level(1, 20.0, 150), Level(32, 250.0, 512), Level(256, 1_500.0, 768))
    rounds: int = 5


QUICK = ClientCostPlan((Level(1, 10.0, 50), Level(32, 150.0, 192), Level(256, 1_000.0, 256)), rounds=1)


@dataclass(slots=True)
class Figures:
    """What the rounds came to for one dialect at one level."""

    cpu_ms: list[float] = field(default_factory=list)
    added_ms: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


async def run(plan: ClientCostPlan, folder: Path, say: Say) -> dict[str, Any]:
    """The whole benchmark; `say` takes lines for people. PlatformLacks where there can be no tritonserver."""
    before = facts("calls", quick=plan.rounds == 1)
    figures: dict[tuple[str, int], Figures] = {}
    for level in plan.levels:
        say(f"{level.in_flight} in flight, {plan.rounds} rounds")
        async with stage(folder / f"{level.in_flight}", level.model_ms) as servers:
            before["versions"] |= servers.versions()
            await _level(plan, level, servers, figures)
    return before | {"calls": [_row(*key, each) for key, each in figures.items()], "output_tokens": TOKENS}


def call() -> Call:
    """Another call: a prompt of 6,000 characters of its own, with all that ours say."""
    number = next(NUMBER)
    deadline_s = asyncio.get_running_loop().time() + WITHIN_S
    return Call(f"call-{number}", f"{number}\n{PROMPT}", deadline_s, TOKENS, stop=("\n\n",), json_schema="{}")


async def _level(plan: ClientCostPlan, level: Level, servers: Stage, figures: dict[tuple[str, int], Figures]) -> None:
    makers = list(servers.makers().items())
    for number in range(plan.rounds):
        turned = makers[number % len(makers) :] + makers[: number % len(makers)]
        for dialect, make in turned:
            client = make()
            try:
                await _measure(client, level, figures.setdefault((dialect, level.in_flight), Figures()))
            finally:
                await client.close()


async def _measure(client: ModelClient, level: Level, figures: Figures) -> None:
    await asyncio.gather(*(client.complete(call()) for _ in range(min(level.in_flight, WARM))))
    began_s, cpu_s = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as callers:
        for number in range(level.in_flight):
            callers.create_task(_caller(client, level, number, figures.added_ms))
    figures.cpu_ms.append((time.process_time() - cpu_s) * 1e3 / level.calls)
    figures.rates.append(level.calls / (time.perf_counter() - began_s))


async def _caller(client: ModelClient, level: Level, number: int, added_ms: list[float]) -> None:
    """One call after another; the callers begin at even distances, as calls come in life."""
    await asyncio.sleep(level.model_ms / 1e3 * number / level.in_flight)
    for _ in range(level.calls // level.in_flight):
        began_s = time.perf_counter()
        completion = await client.complete(call())
        added_ms.append((time.perf_counter() - began_s) * 1e3 - level.model_ms)
        if not completion.text:
            raise AssertionError("a simulated GPU has answered with nothing")


def _row(dialect: str, in_flight: int, figures: Figures) -> dict[str, Any]:
    cpu = interval(figures.cpu_ms)
    return {
        "dialect": dialect,
        "in_flight": in_flight,
        "cpu_ms": round_off(cpu.middle),
        "cpu_ms_interval": cpu.bounds,
        "added_ms": percentiles(figures.added_ms, (50, 99)),
        "calls": len(figures.added_ms),
        "calls_per_second": round_off(interval(figures.rates).middle),
    }
