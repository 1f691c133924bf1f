"""Console: what a console costs Redis, its own process and a page, before a fleet of hundreds of workers.

The heartbeats of the fleet go on all the while, so what Redis spends without a console is taken off.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from aiohttp import web
from redis.asyncio import Redis

from agents.health.probes import Health
from agents.health.snapshot import PartitionVitals, Vitals
from agents.worker.instruments import Instruments
from benchmarks import intents
from benchmarks.measuring import Report, Say
from clients.pools.client import PooledClient
from penchant.offline.facts import facts
from penchant.settings.root import Settings
from penchant.telemetry.metrics.exposition import exposition
from penchant.worker.heartbeat import heartbeat_of
from penchant.worker.model_side import model_client
from penchant.worker.model_side import pools as pools_of
from sandbox.servers.redis import RedisServer
from sandbox.servers.server import LOOPBACK, free_ports
from storage.connection import connect
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from streams.errors import PlatformLacks

NAMESPACE = "penchant"
PAGES = ("/", "/fleet", "/models")
BEAT_S, STORE_S, BEGIN_WITHIN_S = 1.0, 10.0, 60.0
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ConsolePlan:
    """How large the fleet is, how many browsers look at each of PAGES, and how long."""

    workers: int = 200
    partitions: int = 500
    shoppers: int = 20_000
    browsers: int = 3
    alone_s: float = 8.0
    seconds: float = 20.0


QUICK = ConsolePlan(workers=20, partitions=50, shoppers=2_000, alone_s=3.0, seconds=5.0)


async def run(plan: ConsolePlan, folder: Path, say: Say, *, quick: bool = False) -> Report:
    """The whole benchmark. PlatformLacks without a Redis."""
    report = facts("console", quick=quick)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(RedisServer(folder))
        report["versions"]["redis-server"] = redis.describe()
        await intents.fill(redis.url, plan.shoppers)
        await stack.enter_async_context(_fleet(redis.url, plan))
        client = await stack.enter_async_context(Redis.from_url(redis.url))
        say(f"{plan.workers} workers tell of themselves, and nobody looks")
        alone = await _redis_share(client, plan.alone_s)
        address, pid = await stack.enter_async_context(_console(redis.url))
        say(f"{plan.browsers * len(PAGES)} browsers look")
        looks = asyncio.ensure_future(_looked_at(address, plan))
        await asyncio.sleep(plan.seconds / 5)  # what is made once is not a look's
        first_bytes, first_s = _process(pid)
        together = await _redis_share(client, plan.seconds * 4 / 5)
        last_bytes, last_s = _process(pid)
        seen = await looks
    counted = seen["looks"] * 4 / 5
    return report | {
        "plan": {"workers": plan.workers, "partitions": plan.partitions, "shoppers": plan.shoppers,
                 "browsers": plan.browsers * len(PAGES), "seconds": plan.seconds},
        "redis_share": round(max(together - alone, 0.0), 5),
        "redis_share_alone": round(alone, 5),
        "cpu_ms_per_look": round((last_s - first_s) * 1e3 / counted, 1) if counted else None,
        "looks": seen["looks"],
        "largest_event_bytes": seen["largest"],
        "memory_mb": [round(each / 1e6, 1) for each in (first_bytes, last_bytes)],
    }  # fmt: skip


@asynccontextmanager
async def _fleet(url: str, plan: ConsolePlan) -> AsyncIterator[None]:
    """Heartbeats once a second, and an address for each worker that serves its metrics."""
    (port,) = free_ports(1)
    pools = PooledClient(pools_of(Settings()), lambda each: model_client(each, NAMESPACE))
    told = _instruments(plan, pools)
    tell = exposition(told)

    async def metrics(request: web.Request) -> web.Response:
        page, content_type = tell(request.headers.get("Accept", ""))
        return web.Response(body=page, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    hosts = [f"127.0.1.{number}" for number in range(1, plan.workers + 1)]
    for host in hosts:
        await web.TCPSite(runner, host, port).start()
    redis = connect(url)
    usual = heartbeat_of(Settings(), told, pools)
    beating = asyncio.ensure_future(_beat(RedisFleet(redis, Keys(NAMESPACE), STORE_S), usual, plan, hosts, port))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait([beating])
        await redis.aclose()
        await runner.cleanup()
        await pools.close()


def _instruments(plan: ConsolePlan, pools: PooledClient) -> Instruments:
    """Those of a worker that has done some work."""
    told = Instruments(Health(60), replicas=lambda: pools.replicas)
    now_s = asyncio.get_running_loop().time()
    share = max(plan.partitions // plan.workers, 1)
    partitions = tuple(PartitionVitals("events", number, lag=number, span=3) for number in range(share))
    told.health.observe(Vitals(now_s, now_s, partitions=partitions))
    for value in (0.4, 0.9, 1.6, 2.4):
        told.meter.timings.add_freshness("other", value)
    return told


async def _beat(
    store: RedisFleet, usual: Mapping[str, Any], plan: ConsolePlan, hosts: Sequence[str], port: int
) -> None:
    """What each worker tells, with partitions and an address of its own."""
    each = plan.partitions / plan.workers
    while True:
        for number, host in enumerate(hosts):
            mine = list(range(int(number * each), int((number + 1) * each)))
            beat = {**usual, "partitions": mine, "lag": number, "metrics": f"{host}:{port}"}
            await store.sync(f"worker-{number:03}", orjson.dumps(beat), {})
        await asyncio.sleep(BEAT_S)


async def _redis_share(client: Redis, for_s: float) -> float:
    """Which share of a core Redis has used meanwhile."""
    loop = asyncio.get_running_loop()
    before, began_s = await _used_s(client), loop.time()
    await asyncio.sleep(for_s)
    return (await _used_s(client) - before) / (loop.time() - began_s)


async def _used_s(client: Redis) -> float:
    told = await client.info("cpu")
    return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])


@asynccontextmanager
async def _console(url: str) -> AsyncIterator[tuple[str, int]]:
    """The address and the process of a console that runs meanwhile, by its command."""
    (port,) = free_ports(1)
    given = {"PENCHANT_REDIS__URL": url, "PENCHANT_REDIS__TIMEOUT_S": str(STORE_S)}
    command = [sys.executable, "-m", "penchant.cli", "console", "--port", str(port)]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | given, stdout=quiet, stderr=quiet)
    address = f"http://{LOOPBACK}:{port}"
    try:
        await _begun(address, process)
        yield address, process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _begun(address: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(BEGIN_WITHIN_S), httpx.AsyncClient() as client:
        while process.returncode is None:
            try:
                (await client.get(address)).raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
            else:
                return
    raise PlatformLacks(f"the console ended with status {process.returncode}")


def _process(pid: int) -> tuple[int, float]:
    """The bytes of memory that a process holds, and the seconds of processor time that it has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    resident = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return resident * PAGE_BYTES, (int(fields[11]) + int(fields[12])) / TICKS


async def _looked_at(address: str, plan: ConsolePlan) -> dict[str, Any]:
    """How often the console looked at the fleet meanwhile, and the largest event that a page was sent."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        paths = PAGES * plan.browsers
        seen = await asyncio.gather(*(_stream(client, path, plan.seconds) for path in paths))
    return {"looks": max(looks for looks, _ in seen), "largest": max(largest for _, largest in seen)}


async def _stream(client: httpx.AsyncClient, path: str, for_s: float) -> tuple[int, int]:
    looks = largest = 0
    said, until_s = b"", asyncio.get_running_loop().time() + for_s
    async with client.stream("GET", f"/stream{path}") as answer:
        async for part in answer.aiter_bytes():
            *events, said = (said + part).split(b"\n\n")
            looks += sum(b"event: beat" in each for each in events)
            largest = max([largest, *map(len, events)])
            if asyncio.get_running_loop().time() >= until_s:
                break
    return looks, largest
