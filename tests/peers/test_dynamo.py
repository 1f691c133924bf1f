"""NVIDIA Dynamo's frontend with its mocker: start order, figures, affinity, cancellation, overload, restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.routing.peers import DynamoFrontend, DynamoMocker
from clients.calls import Completion
from streams.errors import ModelOverloaded, ModelUnavailable
from tests.clients.asking import eventually
from tests.peers.calling import TEXT, answered, call_of, client_of, said_again

KV = ("--router-mode", "kv", "--kv-cache-block-size", "32", "--router-session-affinity-ttl-secs", "600")
BLOCKS = ("--block-size", "32")
BUSY = "dynamo_frontend_inflight_requests"


@asynccontextmanager
async def site(
    folder: Path, model_folder: Path, workers: int = 2
) -> AsyncIterator[tuple[DynamoFrontend, DynamoMocker]]:
    """A frontend with engines, which find each other by files."""
    async with (
        DynamoFrontend(folder, KV) as front,
        DynamoMocker(front, model_folder, workers, BLOCKS) as engines,
    ):
        yield front, engines


async def gauge(front: DynamoFrontend, name: str) -> float:
    """One of its metrics, over all labels; no series is none."""
    async with httpx.AsyncClient(trust_env=False) as http:
        text = (await http.get(front.url.replace("/v1", "/metrics"))).text
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


async def test_a_worker_may_be_first(tmp_path: Path, model_folder: Path) -> None:
    """Without an engine the frontend lists no model: that is away, and no mismatch; then it is found, as Dynamo."""
    async with DynamoFrontend(tmp_path, KV) as front, client_of(front.url) as client:
        with pytest.raises(ModelUnavailable, match="no model is there yet"):
            await client.probe()
        async with DynamoMocker(front, model_folder, 1, BLOCKS):
            assert "Dynamo" in await client.probe()
            await answered(client)


async def test_affinity_and_figures(tmp_path: Path, model_folder: Path) -> None:
    """A shopper's second call finds the blocks of the first, and its tokens are counted."""
    async with site(tmp_path, model_folder, workers=4) as (front, _), client_of(front.url) as client:
        again = await said_again(client)
    assert all((each.cached_tokens or 0) >= 0.8 * (each.input_tokens or 0) > 0 for each in again)
    assert all(each.output_tokens == 8 and each.prefill_ms is not None for each in again)


async def test_cancellation(tmp_path: Path, model_folder: Path) -> None:
    """What is abandoned is no longer in flight."""
    async with site(tmp_path, model_folder) as (front, _), client_of(front.url) as client:
        calls = [
            asyncio.create_task(client.complete(call_of(f"s-{number}", TEXT, max_tokens=4_000))) for number in range(5)
        ]
        await eventually(lambda: gauge(front, BUSY), lambda busy: busy == len(calls))
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        await eventually(lambda: gauge(front, BUSY), lambda busy: busy == 0)


async def test_overload(tmp_path: Path, model_folder: Path) -> None:
    """By a busy threshold it answers 529, which asks for less."""
    busy = ("--active-decode-blocks-threshold", "0.05")
    few = ("--num-gpu-blocks-override", "64", "--speedup-ratio", "0.2")
    async with (
        DynamoFrontend(tmp_path, (*KV, *busy)) as front,
        DynamoMocker(front, model_folder, 1, (*BLOCKS, *few)),
        client_of(front.url) as client,
    ):
        await answered(client)
        async with asyncio.timeout(60):
            calls: list[asyncio.Task[Completion]] = []
            while not any(call.done() and isinstance(call.exception(), ModelOverloaded) for call in calls):
                asked = call_of(f"s-{len(calls)}", TEXT * 20, max_tokens=500)
                calls.append(asyncio.create_task(client.complete(asked)))
                await asyncio.sleep(0.2)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)


async def test_restart(tmp_path: Path, model_folder: Path) -> None:
    """Engines that die are away; calls are answered once they are back."""
    async with site(tmp_path, model_folder) as (front, engines), client_of(front.url) as client:
        await answered(client)
        await engines.kill()
        with pytest.raises(ModelUnavailable):
            await client.complete(call_of("s", TEXT, within_s=5.0))
        await engines.start()
        await answered(client)
