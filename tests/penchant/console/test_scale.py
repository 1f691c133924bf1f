"""A fleet of 200 workers with 500 partitions over a million keys: what browsing costs, in counts and never in time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import orjson
import pytest
from aiohttp import web

from penchant.console.scrape import A_SECOND
from penchant.console.service import console
from penchant.console.stalest import EVERY_S, SCANNED, VISITED
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from sandbox.servers.server import free_ports
from storage.connection import Client, connect
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from storage.scan import CHUNK
from tests.penchant.console.looks import NOTHING, PAGE, worker
from tests.penchant.console.world import WITHIN_S, settings, store

pytestmark = [pytest.mark.redis, pytest.mark.slow, pytest.mark.timeout(180)]

WORKERS, PARTITIONS, SHOPPERS = 200, 500, 500_000
LOOKS = 12
BROWSERS = 8
EDGES = 1.5
"""How much more a look may seem to cost: what began before it was counted counts too."""

FRAME_BYTES = 400_000
"""The most that a page of such a fleet has."""

FILL = """
local intent, context = redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2])
for number = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  local key = ARGV[1] .. '{s' .. number .. '}'
  if number % 25 == 0 then redis.call('HSET', key .. ':intent', unpack(intent))
  else redis.call('SET', key .. ':x', '1') end
  redis.call('HSET', key .. ':context', 'owed', '0')
end
"""
"""A million keys, one of fifty an intent: less than in a Redis of Penchant alone, so that more are looked at."""


@asynccontextmanager
async def fleet(given: Settings, redis: Client, asked: Counter[str]) -> AsyncIterator[None]:
    """The workers' heartbeats, and an address for each that serves its metrics and counts who asks."""
    (port,) = free_ports(1)

    async def page(request: web.Request) -> web.Response:
        asked[request.host] += 1
        return web.Response(text=PAGE.format(**NOTHING))

    app = web.Application()
    app.router.add_get("/metrics", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    hosts = [f"127.0.1.{number}" for number in range(1, WORKERS + 1)]
    each = PARTITIONS / WORKERS
    for host in hosts:
        await web.TCPSite(runner, host, port).start()
    fleet_store = RedisFleet(redis, Keys(given.redis.namespace), WITHIN_S)

    async def beat() -> None:
        while True:
            for number, host in enumerate(hosts):
                mine = list(range(int(number * each), int((number + 1) * each)))
                told = worker(metrics=f"{host}:{port}", partitions=mine, lag=number)
                await fleet_store.sync(f"worker-{number:03}", orjson.dumps(told), {})
            await asyncio.sleep(2)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        await runner.cleanup()


@asynccontextmanager
async def filled(folder: Path) -> AsyncIterator[tuple[Settings, Client]]:
    """A Redis of its own with a million keys."""
    server = RedisServer(folder)
    async with AsyncExitStack() as stack:
        await server.start()
        stack.push_async_callback(server.stop)
        given = settings(server.url)
        await store(given, "ada", ["Quiet kettle", "Loud kettle"])
        redis = connect(given.redis.url)
        stack.push_async_callback(redis.aclose)
        keys, step = Keys(given.redis.namespace), 50_000
        for first in range(0, SHOPPERS, step):
            names = (keys.intent("ada"), keys.context("ada"))
            span = (f"{given.redis.namespace}:", first, first + step - 1)
            await redis.execute_command("EVAL", FILL, 2, *names, *span)
        yield given, redis


async def commands(redis: Client) -> Counter[str]:
    """How often each command was called."""
    stats = await redis.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): int(told["calls"]) for name, told in stats.items()})


async def looked_at(client: httpx.AsyncClient, path: str) -> list[int]:
    """The bytes of each event of a page over so many looks."""
    sizes, said = list[int](), b""
    async with client.stream("GET", f"/stream{path}") as answer:
        async for part in answer.aiter_bytes():
            *events, said = (said + part).split(b"\n\n")
            sizes += map(len, events)
            if sum(b"event: beat" in each for each in events) and len(sizes) > LOOKS * 2:
                break
    return sizes


async def test_browsing_costs_the_same_however_many_look_and_however_much_there_is(tmp_path: Path) -> None:
    """Redis answers a bounded number of commands a look, never KEYS; workers are read twenty a second; a second browser
    costs neither of them anything; a page has a bounded size."""
    asked: Counter[str] = Counter()
    async with filled(tmp_path) as (given, redis), fleet(given, redis, asked):
        assert await redis.dbsize() > 2 * SHOPPERS * 0.99
        async with console(given) as address, httpx.AsyncClient(base_url=address, timeout=60) as client:
            alone = await _costs(redis, asked, client, 1)
            many = await _costs(redis, asked, client, BROWSERS)
            page = await client.get("/shopper")
            assert page.status_code == 200
            assert len(page.content) < FRAME_BYTES
    for costs in (alone, many):
        assert costs["keys"] == 0
        assert costs["scan"] <= VISITED / CHUNK + 2, costs
        assert costs["hmget"] <= SCANNED + 1, costs
        assert costs["get"] <= WORKERS * EDGES, costs
        assert costs["zrange"] <= EDGES, costs
        assert costs["scraped"] <= A_SECOND * EDGES, costs
        assert costs["bytes"] < FRAME_BYTES, costs


async def _costs(redis: Client, asked: Counter[str], client: httpx.AsyncClient, browsers: int) -> Mapping[str, float]:
    """Of the first page, the fleet's and the models', for so many browsers: what a look or a read of the stalest costs,
    and the largest event."""
    before, scraped = await commands(redis), asked.total()
    first = len((await client.get("/points")).json()["columns"][0])
    pages = ("/", "/fleet", "/models")
    sizes = await asyncio.gather(*(looked_at(client, pages[number % 3]) for number in range(browsers * 3)))
    looks = max(len((await client.get("/points")).json()["columns"][0]) - first, 1)
    spent = await commands(redis) - before
    read = max(looks / EVERY_S, 1.0) + 1
    costs = {name: round(spent[name] / looks, 1) for name in ("eval", "hgetall", "zrange", "get", "keys")}
    costs |= {name: round(spent[name] / read, 1) for name in ("scan", "hget", "hmget")}
    return costs | {"scraped": (asked.total() - scraped) / looks, "bytes": max(map(max, sizes)), "looks": looks}
