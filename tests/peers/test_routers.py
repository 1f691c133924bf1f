"""vllm-router and smg before two simulated servers: discovery, figures, affinity, overload, cancellation, restart."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.routing.peers import OpenAIPeer, Smg, VllmRouter
from clients.dialects.servers import ServerName
from sandbox.gpu.timing import LIGHT, Timing
from sandbox.servers.openai import OpenAIServer
from streams.errors import ModelUnavailable
from tests.clients.asking import eventually
from tests.fakes.echo import ECHO
from tests.peers.calling import TEXT, answered, call_of, client_of, counted, said_again

SLOW = replace(LIGHT, decode_ms_per_sequence=500, max_batch=1, max_waiting=0)
KINDS: Sequence[ServerName] = ("vllm", "sglang")
"""What `model.server` has to say for vllm-router and for smg, before servers that say nothing themselves."""

each_router = pytest.mark.parametrize("kind", KINDS)


def router_of(kind: ServerName) -> Callable[[Path, Sequence[str]], OpenAIPeer]:
    """As docs/models.md recommends it."""
    if kind == "vllm":
        return lambda folder, urls: VllmRouter(folder, urls, "consistent_hash")
    return lambda folder, urls: Smg(folder, urls, "manual")


@asynccontextmanager
async def site(
    kind: ServerName, folder: Path, timing: Timing = LIGHT
) -> AsyncIterator[tuple[OpenAIPeer, Sequence[OpenAIServer]]]:
    """A router before two engines."""
    async with (
        OpenAIServer(folder / "one", timing=timing, answer=ECHO) as one,
        OpenAIServer(folder / "two", timing=timing, answer=ECHO) as two,
        router_of(kind)(folder, [one.url, two.url]) as router,
    ):
        yield router, (one, two)


@each_router
async def test_affinity_and_figures(tmp_path: Path, kind: ServerName) -> None:
    """The model is found; by the header a shopper's second call goes where the first one was, on both engines, and its
    tokens are counted as the engine does."""
    async with site(kind, tmp_path) as (router, engines), client_of(router.url, kind) as client:
        assert (await client.probe()).endswith("model simulated")
        again = await said_again(client)
        shares = [await counted([engine], "opened") for engine in engines]
    assert all((each.cached_tokens or 0) >= 0.8 * (each.input_tokens or 0) > 0 for each in again)
    assert all(each.output_tokens == 8 for each in again)
    assert min(shares) > 0


@each_router
async def test_cancellation_and_overload(tmp_path: Path, kind: ServerName) -> None:
    """What is abandoned ends on its engine; engines that are full are told of as an error that is tried again."""
    async with site(kind, tmp_path, SLOW) as (router, engines), client_of(router.url, kind) as client:
        calls = [asyncio.create_task(client.complete(call_of(f"s-{number}", TEXT))) for number in range(12)]
        await eventually(lambda: counted(engines, "opened"), lambda opened: opened >= 2)
        done, open_ = await asyncio.wait(calls, timeout=20, return_when=asyncio.FIRST_EXCEPTION)
        assert any(isinstance(call.exception(), ModelUnavailable) for call in done)
        for call in open_:
            call.cancel()
        if open_:
            await asyncio.wait(open_)
        await eventually(lambda: counted(engines, "cancelled"), lambda cancelled: cancelled > 0)


@each_router
async def test_restart(tmp_path: Path, kind: ServerName) -> None:
    """An engine that dies is not missed for long, nor is the router."""
    async with site(kind, tmp_path) as (router, (one, _)), client_of(router.url, kind) as client:
        await answered(client)
        await one.kill()
        await answered(client)
        await one.start()
        await router.restart()
        await answered(client)
