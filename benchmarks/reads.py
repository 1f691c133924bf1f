"""Reads: what a ranker waits for an intent while the service writes, beside a bare HMGET and a Feast-style hash.

Each system is asked once in every turn, in an order that turns too, so that what disturbs one disturbs the others.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

import orjson
from redis.asyncio import Redis

from benchmarks import intents
from benchmarks.intervals import interval, ratio, round_off
from benchmarks.stores import Bare, FeastStyle, Hurried, Packed, Reader, Store
from penchant.offline.facts import cores, facts
from sandbox.servers.redis import RedisServer
from storage.keys import Keys
from streams.errors import PlatformLacks

COMPARED = "hmget"
BEGIN_WITHIN_S = END_WITHIN_S = 60.0
LOOK_S = 0.02
WARM = 5
Say = Callable[[str], None]
Percentiles = dict[str, list[float]]
Figures = dict[str, dict[str, Any]]
"""By size."""


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """`turns` are, for each size, how many shoppers a request has, and how many requests each system takes a round."""

    shoppers: int = 20_000
    per_second: float = 2_000.0
    rounds: int = 10
    turns: Mapping[str, tuple[int, int]] = field(
        default_factory=lambda: {"one": (1, 5_000), "hundred": (100, 500), "thousand": (1_000, 100)}
    )


QUICK = ReadPlan(shoppers=2_000, rounds=2, turns={"one": (1, 500), "hundred": (100, 50), "thousand": (1_000, 20)})


async def run(plan: ReadPlan, folder: Path, say: Say) -> dict[str, Any]:
    """The whole benchmark; `say` takes lines for people. PlatformLacks without a Redis."""
    report = facts("reads", quick=plan == QUICK)
    async with RedisServer(folder) as redis:
        report["versions"]["redis-server"] = redis.describe()
        await intents.fill(redis.url, plan.shoppers)
        async with writing(redis.url, plan) as written:
            reads = await asyncio.to_thread(_rounds, plan, redis.url, say)
        done = await written
    pace = {"asked": plan.per_second, "written": round(done["intents"] / done["seconds"]), "intents": done["intents"]}
    return report | {"intents_per_second": pace, "shoppers": plan.shoppers, "rounds": plan.rounds} | reads


@asynccontextmanager
async def writing(url: str, plan: ReadPlan) -> AsyncIterator["asyncio.Future[dict[str, Any]]"]:
    """A process that writes meanwhile; what it yields is told what was written when the block has ended."""
    command = [sys.executable, "-m", intents.__name__, url, str(plan.per_second), str(plan.shoppers)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    try:
        await _begun(url)
        yield told
        process.terminate()
        async with asyncio.timeout(END_WITHIN_S):
            printed, _ = await process.communicate()
        if process.returncode:
            raise PlatformLacks(f"the writer ended with status {process.returncode}")
        told.set_result(orjson.loads(printed))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        told.cancel()


async def _begun(url: str) -> None:
    """Return when the writer writes: the first shopper's intent is another than the one that was there."""
    key = Keys().intent(intents.shopper(0))
    async with Redis.from_url(url) as client, asyncio.timeout(BEGIN_WITHIN_S):
        first = await client.hget(key, "position")
        while await client.hget(key, "position") == first:  # noqa: ASYNC110 (Redis has no event)
            await asyncio.sleep(LOOK_S)


def _rounds(plan: ReadPlan, url: str, say: Say) -> dict[str, Any]:
    random, found = Random(1), dict[tuple[str, str], Percentiles]()
    with ExitStack() as stack:
        feast, hurried = FeastStyle(url), stack.enter_context(closing(Hurried(url)))
        feast.fill(plan.shoppers)
        stores: dict[str, Store] = {
            "reader": Reader(url),
            COMPARED: Bare(url),
            "packed": Packed(url),
            "feast_style": feast,
        }
        for store in stores.values():
            stack.enter_context(closing(store))
        with _on_one_core():
            for number in range(plan.rounds):
                say(f"round {number + 1} of {plan.rounds}")
                for size, (shoppers, turns) in plan.turns.items():
                    _turns(stores, shoppers, WARM, plan.shoppers, random)
                    for name, took_ms in _turns(stores, shoppers, turns, plan.shoppers, random).items():
                        _add(found.setdefault((name, size), {"p50": [], "p99": []}), took_ms)
                    _turns({"hurried": hurried}, shoppers, turns, plan.shoppers, random)
    return _report(plan, found) | {"answered_at_20_ms": {size: hurried.share(n) for size, (n, _) in plan.turns.items()}}


def _report(plan: ReadPlan, found: Mapping[tuple[str, str], Percentiles]) -> dict[str, Any]:
    """Each system's figures by size. `ratio_p99` is the reader's p99 over the bare read's, at the middle size."""
    reads: dict[str, Figures] = {}
    for (name, size), each in found.items():
        reads.setdefault(name, {})[size] = {"shoppers": plan.turns[size][0]} | _figures(each, found[COMPARED, size])
    middle = list(plan.turns)[len(plan.turns) // 2]
    return {**reads, "ratio_p99": reads["reader"][middle]["p99_ratio"]}


def _turns(stores: Mapping[str, Store], size: int, turns: int, shoppers: int, random: Random) -> dict[str, list[float]]:
    names = list(stores)
    took_ms: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(turns):
        numbers = random.sample(range(shoppers), size)
        for step in range(len(names)):
            name = names[(turn + step) % len(names)]
            began_s = time.perf_counter()
            stores[name].read(numbers)
            took_ms[name].append((time.perf_counter() - began_s) * 1e3)
    return took_ms


def _add(percentiles: Percentiles, took_ms: Sequence[float]) -> None:
    cuts = quantiles(took_ms, n=100)
    percentiles["p50"].append(cuts[49])
    percentiles["p99"].append(cuts[98])


def _figures(ours: Percentiles, bare: Percentiles) -> dict[str, Any]:
    """Milliseconds, and how many times the bare read's they are, each with its interval."""
    figures: dict[str, Any] = {}
    for cut in ("p50", "p99"):
        took, over = interval(ours[cut]), ratio(ours[cut], bare[cut])
        figures[cut], figures[f"{cut}_interval"] = round_off(took.middle), took.bounds
        figures[f"{cut}_ratio"], figures[f"{cut}_ratio_interval"] = round_off(over.middle), over.bounds
    return figures


def _on_one_core() -> ExitStack:
    """This thread keeps to a core; Redis and the writer, which were started before, may use all."""
    stack = ExitStack()
    usable = cores()
    if len(usable) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(usable)})
        stack.callback(os.sched_setaffinity, 0, usable)
    return stack
