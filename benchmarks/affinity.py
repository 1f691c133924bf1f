"""Affinity: how much of prompts is cached behind each router, with and without the header that names the session.

One tape of simulated shoppers before four engines at a time: Dynamo's own mocker behind its frontend, and simulated
GPUs of ours behind the others. Both have KV blocks for all that is said, so what is computed again was sent elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.intervals import round_off
from benchmarks.routing.model_folder import write_model_folder
from benchmarks.routing.peers import DynamoFrontend, DynamoMocker, OpenAIPeer, Smg, VllmRouter
from benchmarks.routing.tape import Tape, play, record
from clients.calls import Completion, ModelClient
from clients.dialects.discovery import connect
from clients.dialects.servers import ServerName
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from penchant.offline.facts import facts
from sandbox.gpu.timing import TIMINGS
from sandbox.servers.openai import OpenAIServer
from streams.errors import PlatformLacks

Say = Callable[[str], None]
TIMING = TIMINGS["qwen3-8b@h100"]
SESSION_KEY = b"affinity"
BLOCKS = ("--block-size", str(TIMING.block_tokens), "--num-gpu-blocks-override", str(TIMING.kv_blocks))
KV = ("--router-mode", "kv", "--kv-cache-block-size", str(TIMING.block_tokens))
TTL = ("--router-session-affinity-ttl-secs", "600")


@dataclass(frozen=True, slots=True)
class AffinityPlan:
    """So many calls of so many shoppers, at a pace. The first third warms the caches and is not counted."""

    shoppers: int = 150
    calls: int = 900
    calls_per_second: float = 30.0
    engines: int = 4
    max_tokens: int = 16
    every_setup: bool = True  # else those alone that are compared with each other first


QUICK = AffinityPlan(shoppers=20, calls=90, every_setup=False)


@dataclass(frozen=True, slots=True)
class Setup:
    """One router as it is set up; `header` says which one names the session, and is empty for none."""

    router: str
    header: str
    dynamo: Sequence[str] = ()
    before: Callable[[Path, Sequence[str]], OpenAIPeer] | None = None
    server: ServerName = "other"
    first: bool = False


SETUPS = (
    Setup("Dynamo, round robin", "", dynamo=("--router-mode", "round-robin")),
    Setup("Dynamo, KV", "", dynamo=KV, first=True),
    Setup("Dynamo, KV with session affinity", "X-Dynamo-Session-ID", dynamo=(*KV, *TTL), first=True),
    Setup("vllm-router, round robin", "", before=lambda folder, urls: VllmRouter(folder, urls, "round_robin")),
    Setup(
        "vllm-router, cache aware", "", before=lambda folder, urls: VllmRouter(folder, urls, "cache_aware"), first=True
    ),
    Setup(
        "vllm-router, consistent hashing",
        "X-Session-Id",
        before=lambda folder, urls: VllmRouter(folder, urls, "consistent_hash"),
    ),
    Setup("smg, cache aware", "", before=lambda folder, urls: Smg(folder, urls, "cache_aware")),
    Setup("smg, manual", "X-SMG-Routing-Key", before=lambda folder, urls: Smg(folder, urls, "manual"), server="sglang"),
    Setup("none, hashing of our own", "", first=True),
)


async def run(plan: AffinityPlan, folder: Path, say: Say) -> dict[str, Any]:
    """The whole benchmark; `say` takes lines for people. A router that cannot be had here is left out, with why."""
    report = facts("affinity", quick=not plan.every_setup)
    tape = await asyncio.to_thread(record, plan.shoppers, plan.calls)
    model_folder = await asyncio.to_thread(write_model_folder, folder / "model")
    runs, left_out = [], {}
    for number, setup in enumerate(each for each in SETUPS if each.first or plan.every_setup):
        say(f"{setup.router}, {setup.header or 'no header'}")
        place = folder / str(number)
        try:
            async with _endpoints(setup, plan, place, model_folder) as (urls, versions):
                report["versions"] |= versions
                runs.append(figures(setup, await _play(setup, plan, tape, urls)))
        except PlatformLacks as exc:
            left_out[setup.router] = str(exc)
            say(f"left out: {exc}")
    return report | {"shoppers": plan.shoppers, "calls": plan.calls, "runs": runs, "left_out": left_out}


@asynccontextmanager
async def _endpoints(
    setup: Setup, plan: AffinityPlan, folder: Path, model_folder: Path
) -> AsyncIterator[tuple[Sequence[str], Mapping[str, str]]]:
    """Where the calls go, and what stands there."""
    async with AsyncExitStack() as stack:
        if setup.dynamo:
            front = DynamoFrontend(folder, setup.dynamo)
            await stack.enter_async_context(front)
            await stack.enter_async_context(DynamoMocker(front, model_folder, plan.engines, BLOCKS))
            yield [front.url], front.environment_of.version()
            return
        engines = [OpenAIServer(folder / f"engine-{number}", timing=TIMING) for number in range(plan.engines)]
        await asyncio.gather(*(stack.enter_async_context(engine) for engine in engines))
        urls = [engine.url for engine in engines]
        if setup.before is None:
            yield urls, {}
            return
        router = await stack.enter_async_context(setup.before(folder, urls))
        yield [router.url], router.environment_of.version()


async def _play(setup: Setup, plan: AffinityPlan, tape: Tape, urls: Sequence[str]) -> list[Completion | None]:
    key = SESSION_KEY if setup.header else b""
    kind = "dynamo" if setup.dynamo else setup.server

    def client_of(endpoint: Endpoint) -> ModelClient:
        return connect(endpoint.url, "openai", server=kind, session_key=key)

    pooled = PooledClient([Pool(name="main", endpoints=tuple(Endpoint(url=url) for url in urls))], client_of)
    await pooled.probe()
    probing = asyncio.create_task(pooled.run())
    try:
        return await play(tape, pooled, plan.calls_per_second, plan.max_tokens)
    finally:
        probing.cancel()
        await asyncio.wait([probing])
        await pooled.close()


def figures(setup: Setup, played: Sequence[Completion | None]) -> dict[str, Any]:
    """Of the calls after the first third."""
    counted = [each for each in played[len(played) // 3 :] if each is not None]
    read = sum(each.input_tokens or 0 for each in counted)
    cached = sum(each.cached_tokens or 0 for each in counted)
    firsts = sorted(each.prefill_ms for each in counted if each.prefill_ms is not None)
    return {
        "router": setup.router,
        "header": setup.header or None,
        "cached_share": round(cached / read, 4) if read else None,
        "uncached_tokens_per_call": round((read - cached) / len(counted), 1) if counted else None,
        "calls": len(counted),
        "failed": sum(each is None for each in played),
        "first_token_ms": {f"p{share}": round_off(firsts[len(firsts) * share // 100]) for share in (50, 95) if firsts},
    }
