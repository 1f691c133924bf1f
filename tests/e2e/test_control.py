"""Control on real servers: what operators throw is obeyed by a running worker, and nothing is lost by it."""

import asyncio

import pytest
from penchant_reader import AsyncIntentReader

from penchant.operations.control import fleet_status, put_back, throw
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.triton import TritonServer
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]

SHOPPERS = 3


async def test_a_running_worker_obeys_and_loses_nothing(
    kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """Rules only, frozen writes and a pause, each put back; the heartbeat tells how the worker is."""
    topic = await kafka.topic(1)
    settings = make_settings(kafka, topic, model_server.grpc_address)
    log = events(SHOPPERS, 4)

    async def step(number: int) -> None:
        await send(kafka, topic, 1, log[number * SHOPPERS : (number + 1) * SHOPPERS])

    async with worker(settings) as running:

        async def obeys(name: str, *, on: bool) -> bool:
            switch_state = running.switches
            return switch_state.now.on(name) is on  # type: ignore[arg-type] # a name of the test

        async def paused() -> bool:
            return bool(running.enrichment.paused)

        await throw(settings, "rules-only", "", "ada@desk")
        await until(lambda: obeys("rules_only", on=True))
        await step(0)
        await until(lambda: _are(settings, "rules", 1))
        assert running.meter.calls == 0
        await put_back(settings, "rules-only", "ada@desk")
        await until(lambda: obeys("rules_only", on=False))
        await step(1)
        await until(lambda: _are(settings, "model", 2))
        await throw(settings, "freeze-writes", "", "ada@desk")
        await until(lambda: obeys("freeze_writes", on=True))
        await step(2)
        await until(lambda: _heartbeat_says(settings, "redis"))
        assert await _are(settings, "model", 2)
        await put_back(settings, "freeze-writes", "ada@desk")
        await until(lambda: _are(settings, "model", 3))
        await throw(settings, "pause", "", "ada@desk")
        await until(paused)
        await step(3)
        await asyncio.sleep(2.0)  # longer than an intent takes here
        assert await _are(settings, "model", 3)
        await put_back(settings, "pause", "ada@desk")
        await until(lambda: _are(settings, "model", 4))


async def _are(settings: Settings, source: str, count: int) -> bool:
    url, namespace = settings.redis.url, settings.redis.namespace
    async with AsyncIntentReader(url, namespace=namespace, timeout_s=5) as reader:
        found = await reader.get_many([f"shopper-{number}" for number in range(SHOPPERS)], fields="doc")
    return all(not each.missing and (each.source, each.doc["window"]["events"]) == (source, count) for each in found)


async def _heartbeat_says(settings: Settings, away: str) -> bool:
    """Whether the worker's heartbeat says so, and who froze it."""
    return any(
        "frozen by ada@desk" in told["away"].get(away, "") for told in (await fleet_status(settings)).workers.values()
    )
