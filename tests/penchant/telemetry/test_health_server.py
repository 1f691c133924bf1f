"""The health endpoint, as an orchestrator and a monitoring system see it."""

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager

import pytest

from agents.health.probes import Health
from agents.health.snapshot import Vitals
from agents.worker.instruments import Instruments
from penchant.settings import operation
from penchant.telemetry.health_server import endpoint
from penchant.telemetry.metrics.exposition import exposition
from sandbox.servers.server import LOOPBACK, free_ports
from streams.errors import SettingInvalid


def fetch(port: int, path: str) -> tuple[int, str, str]:
    """Status, content type and body."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def settings() -> operation.Health:
    """A port that is free now."""
    return operation.Health(port=free_ports(1)[0])


def of_worker(health: operation.Health, instruments: Instruments) -> AbstractAsyncContextManager[None]:
    """A worker's endpoint."""
    return endpoint(health, instruments.health, exposition(instruments))


async def test_it_answers_with_reasons() -> None:
    """200 when all is well, else 503 with the reasons; ready and alive are two things."""
    instruments, health = Instruments(Health(60)), settings()
    async with of_worker(health, instruments):
        assert (await asyncio.to_thread(fetch, health.port, "/ready"))[0] == 503
        instruments.health.observe(Vitals(time.monotonic(), time.monotonic()))
        status, kind, body = await asyncio.to_thread(fetch, health.port, "/ready")
        assert (status, kind) == (200, "application/json")
        assert json.loads(body) == {"ok": True, "reasons": []}
        instruments.health.observe(Vitals(time.monotonic(), time.monotonic(), {"redis": "no answer"}))
        status, _, body = await asyncio.to_thread(fetch, health.port, "/ready")
        assert (status, json.loads(body)) == (503, {"ok": False, "reasons": ["redis is away: no answer"]})
        assert (await asyncio.to_thread(fetch, health.port, "/alive"))[0] == 200


async def test_it_tells_metrics() -> None:
    """In Prometheus' text format, with the process's own."""
    health = settings()
    async with of_worker(health, Instruments(Health(60))):
        status, kind, body = await asyncio.to_thread(fetch, health.port, "/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert "\npenchant_events_total 0.0\n" in body
    assert "\nprocess_resident_memory_bytes " in body


async def test_a_busy_loop_fails_no_probe() -> None:
    """While the worker's event loop is held, probes are answered."""
    health = settings()
    async with of_worker(health, Instruments(Health(60))):
        with ThreadPoolExecutor(1) as prober:
            asked = prober.submit(fetch, health.port, "/alive")
            assert asked.result(10)[0] == 200  # which holds this loop until the answer is there


async def test_it_ends_with_its_block() -> None:
    """Nobody listens before and after."""
    health = settings()
    async with of_worker(health, Instruments(Health(60))):
        pass
    with pytest.raises(urllib.error.URLError):
        await asyncio.to_thread(fetch, health.port, "/alive")


async def test_no_port_no_endpoint() -> None:
    """Port 0 is none: it does not choose one."""
    async with of_worker(operation.Health(port=0), Instruments(Health(60))):
        assert "health" not in {thread.name for thread in threading.enumerate()}


async def test_a_port_that_is_taken_is_a_wrong_setting() -> None:
    """It names the setting and what to do."""
    health = settings()
    async with of_worker(health, Instruments(Health(60))):
        with pytest.raises(SettingInvalid, match=rf"(?s)health.port = {health.port}: .+ remedy: choose a free port"):
            await of_worker(health, Instruments(Health(60))).__aenter__()
