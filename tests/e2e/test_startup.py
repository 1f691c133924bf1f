"""The start of a worker: what it waits for, what it does without, and what stops it."""

import signal
import time
from pathlib import Path

import pytest
from penchant_reader import AsyncIntentReader

from penchant.operations.doctor import fleet
from penchant.operations.doctor.findings import ERROR
from penchant.settings.root import Settings
from penchant.worker.app import Worker, worker
from sandbox.servers.redis import RedisServer
from sandbox.servers.server import LOOPBACK, free_ports
from storage.connection import ask, connect
from streams.errors import BrokerUnavailable, ContractMismatch
from tests.e2e.conftest import MakeSettings
from tests.e2e.process import WorkerProcess
from tests.e2e.shop import events, send, until
from tests.fakes.model import ScriptedModel
from tests.kafka import Kafka

ANSWER = '{"m":"gift","t":"From the model at last","c":[[1,9]],"k":9,"e":[1]}'
NOBODY = "127.0.0.1:1"

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis]


async def test_it_waits_for_redis_and_does_without_a_model(
    kafka: Kafka, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """Without Redis it waits outside of the group, alive and not ready, and says so; with Redis it begins, and says
    that a model is all that is missing; rules intents are written meanwhile."""
    topic = await kafka.topic(1)
    async with RedisServer(tmp_path / "redis") as redis:
        await redis.stop()
        settings = make_settings(kafka, topic, NOBODY, redis={"url": redis.url}, calls={"give_up_s": 1})
        async with WorkerProcess(tmp_path, settings) as process:
            await until(lambda: _said(process, "start.waits"))
            assert await process.get("/ready") == (503, '{"ok":false,"reasons":["starting"]}')
            assert (await process.get("/alive"))[0] == 200
            await redis.start()
            last = await send(kafka, topic, 1, events(3, 3))
            await until(lambda: _sources(settings, list(last), "rules"))
            status, reasons = await process.get("/ready")
            assert status == 503
            assert "model is away" in reasons
            assert "redis" not in reasons
            assert await process.metric('penchant_dependency_up{dependency="model"}') == 0
            assert (await process.get("/alive"))[0] == 200


async def test_it_can_be_stopped_while_it_waits(kafka: Kafka, make_settings: MakeSettings, tmp_path: Path) -> None:
    """SIGTERM amid the patience of a start is an orderly end."""
    settings = make_settings(kafka, await kafka.topic(1), NOBODY, kafka={"bootstrap": NOBODY})
    async with WorkerProcess(tmp_path, settings) as process:
        await until(lambda: _said(process, "start.waits"))
        process.send(signal.SIGTERM)
        assert await process.ended() == 0
        assert "worker.stopped" in process.events()


async def test_patience_ends(kafka: Kafka, make_settings: MakeSettings) -> None:
    """A Kafka that stays away is an error after the bound."""
    nowhere = {"bootstrap": f"{LOOPBACK}:{free_ports(1)[0]}"}
    settings = make_settings(kafka, "events", NOBODY, kafka=nowhere, health={"bound_s": 1.5})
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        await worker(settings, ScriptedModel()).__aenter__()


async def test_a_model_that_comes_late_is_found(kafka: Kafka, make_settings: MakeSettings) -> None:
    """The rules stand in until it is there; then it makes their intents anew, and the worker is ready."""
    topic = await kafka.topic(1)
    model = ScriptedModel(ANSWER)
    model.away = True
    settings = make_settings(kafka, topic, NOBODY, calls={"give_up_s": 1})
    last = await send(kafka, topic, 1, events(3, 3))
    async with worker(settings, model) as running:
        health = running.instruments.health
        await until(lambda: _sources(settings, list(last), "rules"))
        assert health.vitals is not None
        assert dict(health.vitals.away) == {"model": "scripted is away"}
        model.away = False
        await until(lambda: _sources(settings, list(last), "model"))
        await until(lambda: _ready(running))


async def test_the_wrong_model_stops_it(kafka: Kafka, make_settings: MakeSettings) -> None:
    """A server that offers something else is not waited for, and not stood in for."""
    model = ScriptedModel()
    model.mismatch = "expected the ensemble, found something else"
    with pytest.raises(ContractMismatch, match="found something else"):
        await worker(make_settings(kafka, await kafka.topic(1), NOBODY), model).__aenter__()


async def test_a_right_that_is_missing_stops_it_by_name(
    kafka: Kafka, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """A user of Redis without INFO: the start ends at once with the command and the page of rights, and status 1."""
    async with RedisServer(tmp_path / "redis") as redis:
        async with connect(redis.url) as owner:
            await ask(owner, [("ACL SETUSER", "ours", "on", ">pw", "~*", "&*", "+@all", "-@dangerous")], 5)
        url = redis.url.replace("redis://", "redis://ours:pw@")
        settings = make_settings(kafka, await kafka.topic(1), NOBODY, redis={"url": url})
        async with WorkerProcess(tmp_path, settings) as process:
            assert await process.ended() == 1
            assert "'info'" in process.said()
            assert "docs/security.md" in process.said()


async def test_a_second_worker_of_its_name_changes_nothing(kafka: Kafka, make_settings: MakeSettings) -> None:
    """It ends at its start and says who has the name; the first one keeps all partitions, without a rebalance."""
    topic = await kafka.topic(2)
    settings = make_settings(kafka, topic, NOBODY, kafka={"instance_id": "worker-0"})
    async with worker(settings, ScriptedModel(ANSWER)) as first:
        held = first.enrichment.partitions
        await until(lambda: _holds(first, 2))
        epochs = {tp: partition.epoch for tp, partition in held.items()}
        with pytest.raises(ContractMismatch, match=r"has kafka\.instance_id worker-0 too"):
            await worker(settings, ScriptedModel(ANSWER)).__aenter__()
        assert {tp: partition.epoch for tp, partition in held.items()} == epochs
        findings = await fleet.examine(settings)
        assert [each.severity for each in findings if "worker-0" in each.found] == [ERROR]
        last = await send(kafka, topic, 2, events(3, 3))
        await until(lambda: _sources(settings, list(last), "model"))


async def _holds(running: Worker, partitions: int) -> bool:
    return len(running.enrichment.partitions) == partitions


async def _sources(settings: Settings, shoppers: list[str], source: str) -> bool:
    async with AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=2) as reader:
        return {intent.source for intent in await reader.get_many(shoppers)} == {source}


async def _said(process: WorkerProcess, event: str) -> bool:
    return event in process.events()


async def _ready(running: Worker) -> bool:
    return running.instruments.health.ready(time.monotonic()).ok
