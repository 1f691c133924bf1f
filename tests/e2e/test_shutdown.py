"""The end of a worker: in order when asked once, at once when asked twice, and never at the cost of an event."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from penchant_reader import AsyncIntentReader

from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.gpu.timing import LIGHT
from sandbox.servers import triton
from sandbox.servers.redis import RedisServer
from sandbox.servers.triton import TritonServer
from streams.sessions.positions import Position
from tests.e2e.conftest import MakeSettings
from tests.e2e.process import WorkerProcess
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka

SHOPPERS = 6
HOURS = replace(LIGHT, iteration_ms=1e6)
"""A model whose answers take hours."""

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]


@pytest.fixture(scope="module")
async def slow_model(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TritonServer]:
    """A tritonserver that never comes to an answer."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    async with TritonServer(tmp_path_factory.mktemp("slow"), timing=HOURS) as server:
        yield server


async def test_calls_under_way_are_finished(kafka: Kafka, make_settings: MakeSettings, tmp_path: Path) -> None:
    """SIGTERM amid calls that take seconds: they are waited for, none is given up, and the exit status is 0."""
    topic = await kafka.topic(1)
    async with TritonServer(tmp_path / "second", timing=replace(LIGHT, iteration_ms=40)) as model:
        settings = make_settings(kafka, topic, model.grpc_address)
        async with WorkerProcess(tmp_path, settings) as process:
            await process.ready()
            last = await send(kafka, topic, 1, events(SHOPPERS, 3))
            await until(lambda: _running(model, SHOPPERS))
            process.send(signal.SIGTERM)
            assert await process.ended() == 0
        assert await _running(model, 0)
        assert "was cancelled" not in model.said()
    assert await _positions(settings, last) == _expected(last)


async def test_what_takes_too_long_is_cancelled_on_the_server_and_done_after_a_restart(
    kafka: Kafka, slow_model: TritonServer, model_server: TritonServer, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """SIGTERM amid calls that never end: within the bound Triton has none of them any more, the exit status is 0, and
    the next worker makes every shopper's intent."""
    topic = await kafka.topic(1)
    settings = _patient(make_settings(kafka, topic, slow_model.grpc_address))
    async with WorkerProcess(tmp_path, settings) as process:
        await process.ready()
        last = await send(kafka, topic, 1, events(SHOPPERS, 3))
        await until(lambda: _running(slow_model, SHOPPERS))
        process.send(signal.SIGTERM)
        assert await process.ended() == 0
    await until(lambda: _running(slow_model, 0))
    said = [event for event in process.events() if event.startswith("worker.")]
    assert said[-2:] == ["worker.stopping", "worker.stopped"]
    settings = settings.model_copy(update={"model": replace(settings.model, url=model_server.grpc_address)})
    async with worker(settings):

        async def all_there() -> bool:
            return await _positions(settings, last) == _expected(last)

        await until(all_there)


async def test_without_redis_it_ends_too(
    kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """SIGTERM while Redis is away, with intents that cannot be written: exit status 0 within the bound; when Redis is
    back, the next worker makes them."""
    topic = await kafka.topic(1)
    async with RedisServer(tmp_path / "redis") as redis:
        settings = make_settings(kafka, topic, model_server.grpc_address, redis={"url": redis.url})
        async with WorkerProcess(tmp_path, settings) as process:
            await process.ready()
            last = await send(kafka, topic, 1, events(SHOPPERS, 3))
            await redis.kill()
            await until(lambda: _answers(process, "/ready", 503))
            assert (await process.get("/alive"))[0] == 200
            process.send(signal.SIGTERM)
            assert await process.ended() == 0
        await redis.start()
        async with worker(settings):

            async def all_there() -> bool:
                return await _positions(settings, last) == _expected(last)

            await until(all_there)


async def test_the_second_signal_ends_it_at_once(
    kafka: Kafka, slow_model: TritonServer, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """While it drains, another signal is obeyed on the spot: 128 and the signal's number."""
    topic = await kafka.topic(1)
    settings = _patient(make_settings(kafka, topic, slow_model.grpc_address))
    async with WorkerProcess(tmp_path, settings) as process:
        await process.ready()
        await send(kafka, topic, 1, events(SHOPPERS, 3))
        await until(lambda: _running(slow_model, SHOPPERS))
        process.send(signal.SIGTERM)
        await until(lambda: _said(process, "worker.stopping"))
        process.send(signal.SIGINT)
        assert await process.ended() == 128 + signal.SIGINT
        assert "worker.stopped" not in process.events()


async def test_what_must_stop_it_is_said_and_exits_with_1(
    kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """A topic full of refused records: the message, with the remedy, is the last thing it says; no traceback."""
    topic = await kafka.topic(1)
    dead = {"dead_letter_topic": await kafka.topic(1), "sample_records": 0}
    settings = make_settings(kafka, topic, model_server.grpc_address, kafka=dead, dead_letters={"min_events": 20})
    await kafka.produce(topic, [b"not json"] * 50, keys=[b"ada"] * 50)
    async with WorkerProcess(tmp_path, settings) as process:
        assert await process.ended(120) == 1
    # Of as many as were looked at until then: a busy machine takes them in by smaller portions.
    assert re.search(r"penchant: (\d+) of the last \1 events were refused\n  remedy: .+\n$", process.said())
    assert "Traceback" not in process.said()


async def _running(server: TritonServer, count: int) -> bool:
    """Whether Triton's own gauge counts so many requests, running or waiting."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(server.metrics_url)).text
    found = re.search(r'nv_trt_llm_request_metrics\{.*request_type="active".*\} (\d+)', text)
    return found is not None and int(found[1]) == count


def _patient(settings: Settings) -> Settings:
    return _with_calls(settings, deadline_s=600.0)


def _with_calls(settings: Settings, **changes: Any) -> Settings:
    return settings.model_copy(update={"calls": replace(settings.calls, **changes)})


async def _positions(settings: Settings, last: dict[str, int]) -> list[str | None]:
    async with AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=2) as reader:
        return [intent.position for intent in await reader.get_many(list(last))]


def _expected(last: dict[str, int]) -> list[str]:
    return [str(Position(0, offset)) for offset in last.values()]


async def _answers(process: WorkerProcess, path: str, status: int) -> bool:
    return (await process.get(path))[0] == status


async def _said(process: WorkerProcess, event: str) -> bool:
    await asyncio.sleep(0)
    return event in process.events()
