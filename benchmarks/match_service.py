"""Match service: how long `penchant serve` takes by itself for a match, on one core, while matches keep coming.

    python -m benchmarks.match_service [RATE [SECONDS]]

No model is asked, and reasons are composed: what is left is the service's own share, with its round trip to a real
Redis, as a client on the other core waits for it. Requests begin by chance, whether or not others are answered.
"""

import asyncio
import multiprocessing
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import orjson
from msgspec import structs

from benchmarks.prompts import windows
from penchant.offline.facts import cores, facts
from penchant.serve.service import serve
from penchant.settings.operation import Serve
from penchant.settings.root import Settings
from prompts.rules import rules
from prompts.view import PromptView
from sandbox.servers.redis import RedisServer
from sandbox.shop.catalogue import Catalogue
from storage.cards import RedisCards
from storage.connection import connect
from storage.keys import Keys
from storage.redis_rules import RedisRules
from streams.records.cards import Card
from streams.records.intents import Intent, Window
from streams.sessions.packing import dump

CANDIDATES, DEADLINE_S = 20, 5.0
BEGIN_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class MatchPlan:
    """`rate` requests a second for `seconds`, of which the first `warm_s` do not count, by so many shoppers."""

    rate: float = 200.0
    seconds: float = 30.0
    warm_s: float = 3.0
    shoppers: int = 200


async def measure(plan: MatchPlan, folder: Path) -> dict[str, Any]:
    """Times in milliseconds. PlatformLacks without a Redis."""
    async with RedisServer(folder) as redis:
        await _fill(redis.url, plan.shoppers)
        settings = Settings(redis=RedisRules(url=redis.url), serve=Serve(port=0, deadline_ms=DEADLINE_S * 1e3))
        async with _serving(settings) as (url, process), aiohttp.ClientSession(url) as client:
            began_s = _cpu_s(process)
            times = await _ask(client, plan)
            spent_s = _cpu_s(process) - began_s
    counted = [took_s * 1e3 for at_s, took_s in times if at_s >= plan.warm_s]
    middle, *_, last = quantiles(counted, n=100)[49:]
    return facts("match_service", quick=False) | {
        "rate": plan.rate,
        "requests": len(counted),
        "p50_ms": round(middle, 2),
        "p99_ms": round(last, 2),
        "cpu_ms": round(spent_s / len(times) * 1e3, 3),
    }


async def _fill(url: str, shoppers: int) -> None:
    """Sessions of sixty events with the rules' intents, and a card of each candidate."""
    keys, window = Keys(), Window(from_ms=0, to_ms=0, events=0)
    async with connect(url) as redis:
        for number, session in enumerate(windows(shoppers)):
            said = structs.asdict(rules(PromptView.of(session)))
            intent = Intent(
                **said,
                shopper=f"s{number}",
                window=window,
                as_of_ms=0,
                written_at_ms=0,
                source="rules",
                position="0:0:0",
            )
            await redis.hset(keys.intent(f"s{number}"), "doc", intent.dump())
            await redis.hset(keys.context(f"s{number}"), "session", dump(session))
        items = islice(Catalogue().items, CANDIDATES)
        cards = {
            each.id: Card(category=each.category, brand=each.brand, price=each.price, currency=each.currency)
            for each in items
        }
        await RedisCards(redis, keys, DEADLINE_S).write(cards)


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[tuple[str, int]]:
    """A process that serves on the first core; we and Redis have the others."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    first, *others = sorted(cores())
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(settings.model_dump_json(), first, theirs), daemon=True)
    process.start()
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(others) or {first})
    try:
        async with asyncio.timeout(BEGIN_WITHIN_S):
            url = await asyncio.to_thread(ours.recv)
        yield url, process.pid or 0
    finally:
        os.sched_setaffinity(0, before)
        process.terminate()
        await asyncio.to_thread(process.join, DEADLINE_S)


def _serve(settings: str, core: int, say: Connection) -> None:
    os.sched_setaffinity(0, {core})
    asyncio.run(serve(Settings.model_validate_json(settings), say.send))


async def _ask(client: aiohttp.ClientSession, plan: MatchPlan) -> list[tuple[float, float]]:
    """When each request began, and what it took, both in seconds. AssertionError for one that was not answered."""
    products, draw = [item.id for item in islice(Catalogue().items, CANDIDATES)], Random(1)
    now, times = asyncio.get_running_loop().time, list[tuple[float, float]]()
    began_s = now()

    async def one(shopper: str) -> None:
        body = {"shopper": shopper, "candidates": products, "reasons": "en", "scores": False}
        asked_s = now()
        async with client.post("/v1/match", json=body) as answer:
            found = orjson.loads(await answer.read())
        if answer.status != 200 or found["step"] != "features":
            raise AssertionError(f"{answer.status}: {found}")
        times.append((asked_s - began_s, now() - asked_s))

    due_s = began_s
    async with asyncio.TaskGroup() as group:
        while due_s < began_s + plan.seconds:
            due_s += draw.expovariate(plan.rate)
            await asyncio.sleep(due_s - now())
            group.create_task(one(f"s{draw.randrange(plan.shoppers)}"))
    return times


def _cpu_s(process: int) -> float:
    """Processor time of a process so far, by Linux."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    rate, seconds = (float(each) for each in [*sys.argv[1:], *("200", "30")[len(sys.argv) - 1 :]])
    with TemporaryDirectory() as there:
        print(orjson.dumps(asyncio.run(measure(MatchPlan(rate, seconds), Path(there)))).decode())
