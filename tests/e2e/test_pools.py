"""Several model servers, all of them real: one dies under load, and others are put in their place on SIGHUP."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from penchant_reader import AsyncIntentReader

from agents.fleet.judge import ExperimentNotice
from clients.pools.registry import Notice
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.gpu.timing import LIGHT
from sandbox.servers import triton
from sandbox.servers.triton import TritonServer
from streams.sessions.positions import Position
from tests.e2e.conftest import MakeSettings
from tests.e2e.process import WorkerProcess
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka

SHOPPERS = 40

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]


@pytest.fixture
async def gpus(anyio_backend: str, tmp_path: Path) -> AsyncIterator[list[TritonServer]]:
    """Two tritonservers whose calls take a while."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(TritonServer(tmp_path / name, timing=replace(LIGHT, iteration_ms=8)))
            for name in ("one", "two")
        ]


def pooled(settings: Settings, *servers: TritonServer) -> Settings:
    """The same with a pool of these."""
    values = settings.model_dump(exclude_defaults=True)
    endpoints = [{"url": server.grpc_address} for server in servers]
    return Settings.model_validate({**values, "pools": [{"name": "gpus", "endpoints": endpoints}]})


async def replicas(settings: Settings, last: dict[str, int]) -> dict[str, str]:
    """Who answered for each shopper whose intent is the model's and stands at the last event."""
    url, namespace = settings.redis.url, settings.redis.namespace
    async with AsyncIntentReader(url, namespace=namespace, timeout_s=2) as reader:
        found = await reader.get_many(list(last), fields="doc")
        return {
            intent.shopper: intent.doc["replica"]
            for intent in found
            if not intent.missing
            and intent.source == "model"
            and intent.position == str(Position(0, last[intent.shopper]))
        }


async def test_a_model_server_that_dies_under_load_loses_no_shopper(
    kafka: Kafka, gpus: list[TritonServer], make_settings: MakeSettings
) -> None:
    """kill -9 amid calls: everybody gets the model's intent, from whoever is left; the dead one is ejected, by name."""
    topic = await kafka.topic(1)
    settings = pooled(make_settings(kafka, topic, "unused:1"), *gpus)
    notices: list[Notice | ExperimentNotice] = []
    async with worker(settings, notify=notices.append) as running:
        last = await _shop(kafka, topic, 0)
        await until(lambda: _all(settings, last))
        assert set((await replicas(settings, last)).values()) == {gpu.grpc_address for gpu in gpus}
        last = await _shop(kafka, topic, 1)
        await until(lambda: _is(running.pools.replicas[0].running > 0))
        await gpus[0].kill()
        await until(lambda: _all(settings, last))
        last = await _shop(kafka, topic, 2)
        await until(lambda: _all(settings, last))
        assert set((await replicas(settings, last)).values()) == {gpus[1].grpc_address}
        assert ("ejected", gpus[0].grpc_address) in [
            (notice.kind, notice.replica) for notice in notices if isinstance(notice, Notice)
        ]


async def test_sighup_takes_up_other_model_servers(
    kafka: Kafka, gpus: list[TritonServer], make_settings: MakeSettings, tmp_path: Path
) -> None:
    """A running worker goes on with the pools of its settings file; a file that is wrong changes nothing."""
    topic = await kafka.topic(1)
    settings = make_settings(kafka, topic, "unused:1")
    first, second = (pooled(settings, gpu) for gpu in gpus)
    async with WorkerProcess(tmp_path / "worker", first) as process:
        await process.ready()
        last = await _shop(kafka, topic, 0)
        await until(lambda: _all(settings, last))
        assert set((await replicas(settings, last)).values()) == {gpus[0].grpc_address}
        process.config.write_text("pools = 3")
        process.send(signal.SIGHUP)
        await until(lambda: _is("settings.refused" in process.events()))
        process.configure(second)
        process.send(signal.SIGHUP)
        await until(lambda: _is("settings.taken_up" in process.events()))
        last = await _shop(kafka, topic, 1)
        await until(lambda: _all(settings, last))
        assert set((await replicas(settings, last)).values()) == {gpus[1].grpc_address}
        process.send(signal.SIGTERM)
        assert await process.ended() == 0


async def _shop(kafka: Kafka, topic: str, times: int) -> dict[str, int]:
    """Every shopper does three things more, having done so `times` before; returns the offset of each one's last."""
    size = 3 * SHOPPERS
    last = await send(kafka, topic, 1, events(SHOPPERS, 9)[times * size : (times + 1) * size])
    return {shopper: times * size + offset for shopper, offset in last.items()}


async def _all(settings: Settings, last: dict[str, int]) -> bool:
    return len(await replicas(settings, last)) == len(last)


async def _is(holds: bool) -> bool:  # noqa: FBT001 # what until asks
    await asyncio.sleep(0)
    return holds
