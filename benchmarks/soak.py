"""Soak: tens of thousands of calls, a fifth of them abandoned at any moment. What is left of them, here and there?"""

import asyncio
import gc
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.calls import Say, call
from benchmarks.dialects import Stage, stage
from clients.calls import ModelClient
from penchant.offline.facts import facts
from streams.errors import DeadlinePassed, ModelUnavailable

LOOKS = 5
LOOK_S = 0.2
LOOKS_FOR_LEFT = 50
SERVERS = {"triton": "ensemble", "triton-http": "ensemble", "triton-llmapi": "tensorrt_llm"}
"""Whose count says what is left of a dialect's calls; of the others it is the OpenAI-compatible server's."""


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """What to do, for each dialect. The model takes `model_ms`; abandoned calls are so at any time within it."""

    calls: int = 50_000
    abandoned: float = 0.2
    at_once: int = 64
    model_ms: float = 20.0
    seed: int = 1


QUICK = SoakPlan(calls=1_000)


async def run(plan: SoakPlan, folder: Path, say: Say) -> dict[str, Any]:
    """The whole soak; `say` takes lines for people. PlatformLacks where there can be no tritonserver."""
    before = facts("calls --soak", quick=plan is QUICK)
    async with stage(folder, plan.model_ms) as servers:
        before["versions"] |= servers.versions()
        rows = [await _soak(plan, servers, dialect, make, say) for dialect, make in servers.makers().items()]
    return before | {"soak": rows}


async def _soak(
    plan: SoakPlan, servers: Stage, dialect: str, make: Callable[[], ModelClient], say: Say
) -> dict[str, Any]:
    random, before = Random(plan.seed), asyncio.all_tasks()
    client, counts, memory_mb, objects = make(), Counter[str](), list[float](), list[int]()
    try:
        for look in range(LOOKS):
            await _play(client, plan, random, plan.calls // LOOKS, counts)
            gc.collect()
            memory_mb.append(_resident_mb())
            objects.append(len(gc.get_objects()))
            say(f"{dialect}: {(look + 1) * (plan.calls // LOOKS):,} calls, {memory_mb[-1]:.1f} MB here")
        left = await _left(servers, SERVERS.get(dialect, "openai"))
    finally:
        await client.close()
    await asyncio.sleep(0)
    return {
        "dialect": dialect,
        "calls": counts.total(),
        **{name: counts[name] for name in ("answered", "abandoned", "failed")},
        "left_on_server": left,
        "tasks_left": len(asyncio.all_tasks() - before),
        "memory_mb": [round(each, 1) for each in memory_mb],
        "objects": objects,
    }


async def _play(client: ModelClient, plan: SoakPlan, random: Random, count: int, counts: Counter[str]) -> None:
    """Make `count` calls, and count how they ended."""
    numbers = iter(range(count))

    async def caller() -> None:
        for _ in numbers:
            patience_s = random.random() * plan.model_ms / 1e3 if random.random() < plan.abandoned else None
            counts[await _one(client, patience_s)] += 1

    async with asyncio.TaskGroup() as callers:
        for _ in range(plan.at_once):
            callers.create_task(caller())


async def _one(client: ModelClient, patience_s: float | None) -> str:
    """A call, abandoned after `patience_s`. One that fails is counted: on a busy machine even a connection may."""
    task = asyncio.create_task(client.complete(call()))
    await asyncio.wait([task], timeout=patience_s)
    task.cancel()  # of no effect once it has ended
    await asyncio.wait([task])
    if task.cancelled():
        return "abandoned"
    if isinstance(error := task.exception(), ModelUnavailable | DeadlinePassed):
        return "failed"
    if error is not None:
        raise error
    return "answered"


async def _left(servers: Stage, server: str) -> int:
    """What the server still has once it has had time to notice."""
    left = -1
    for _ in range(LOOKS_FOR_LEFT):
        left = (await servers.running())[server]
        if not left:
            break
        await asyncio.sleep(LOOK_S)
    return left


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
