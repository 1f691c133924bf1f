"""Faults of a real tritonserver before the simulated GPU, under a worker: nobody is lost, and no slot stays held."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from penchant_reader import AsyncIntentReader

from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.gpu.faults import Faults
from sandbox.gpu.timing import LIGHT
from sandbox.servers import triton
from sandbox.servers.triton import TritonServer
from streams.sessions.positions import Position
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka

SHOPPERS = 20

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]


@pytest.fixture
async def server(anyio_backend: str, tmp_path: Path) -> AsyncIterator[TritonServer]:
    """One that a test may spoil."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    async with TritonServer(tmp_path / "faulty", timing=LIGHT) as server:
        yield server


@pytest.mark.parametrize("faults", ["hang=0.5", "overload=1", "whitespace=0.5 empty=0.5", "crash=0.5"])
async def test_a_fault_under_load_loses_nobody(
    kafka: Kafka, server: TritonServer, make_settings: MakeSettings, faults: str
) -> None:
    """While the fault lasts shoppers go on; when it has ended everybody has an intent at their last event, and nothing
    is in flight, neither here nor on the server."""
    topic = await kafka.topic(1)
    settings = make_settings(kafka, topic, server.grpc_address)
    settings = settings.model_copy(update={"calls": replace(settings.calls, deadline_s=2.0)})
    async with worker(settings) as running:
        await send(kafka, topic, 1, events(SHOPPERS, 3)[: 3 * SHOPPERS])
        server.play(Faults.parse(faults))
        await until(lambda: _is(running.meter.calls > 0))
        last = await send(kafka, topic, 1, events(SHOPPERS, 6)[3 * SHOPPERS :])
        last = {shopper: offset + 3 * SHOPPERS for shopper, offset in last.items()}
        await until(lambda: _is(running.meter.call_failures + running.meter.answers_refused > 0))
        if "crash" in faults:
            await until(lambda: _is(server.crashed))
        server.play(Faults())
        if server.crashed:
            await server.start()
        await until(lambda: _served(settings, last), 120)
        limiter = running.pools.replicas[0].limiter
        await until(lambda: _is(limiter.in_flight.total() == 0 and running.meter.in_flight == 0), 120)
        assert limiter.tokens == pytest.approx(0)
        await until(lambda: _idle(server), 120)


async def _served(settings: Settings, last: dict[str, int]) -> bool:
    url, namespace = settings.redis.url, settings.redis.namespace
    async with AsyncIntentReader(url, namespace=namespace, timeout_s=2) as reader:
        found = await reader.get_many(list(last))
    return all(intent.position == str(Position(0, last[intent.shopper])) for intent in found)


async def _idle(server: TritonServer) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(server.metrics_url)).text
    return 'request_type="active",version="1"} 0' in text


async def _is(holds: bool) -> bool:  # noqa: FBT001 # what until asks
    await asyncio.sleep(0)
    return holds
