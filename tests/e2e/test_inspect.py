"""Inspecting: what an operator sees of a shopper whom a real worker has served."""

from pathlib import Path

import pytest
from penchant_reader import AsyncIntentReader

from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.triton import TritonServer
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka
from tests.penchant.commands import Ended, run

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]


async def test_it_shows_all_there_is_and_why(
    kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """Intent, session, prompt, raw answer and what came since; the worst are found; unknown shoppers are said to be."""
    topic = await kafka.topic(1)
    settings = make_settings(kafka, topic, model_server.grpc_address)
    async with worker(settings):
        await send(kafka, topic, 1, events(2, 3))
        await until(lambda: _served(settings))
    seen = (await _inspect(settings, tmp_path, "shopper-0", "--ask", "--json", "--raw")).report
    assert seen["why"].startswith("nothing has come since")
    assert seen["intent"]["source"] == "model"
    assert seen["stored"]["events"] == 3
    assert "Quiet kettle 1" in seen["prompt"]
    assert seen["asked"]["answer"].startswith("{")
    assert seen["asked"]["removed"] == []
    shown = await _inspect(settings, tmp_path, "shopper-0", "--ask", "--prompt")
    assert "Quiet kettle" not in shown.out
    assert "◀" in shown.out
    assert (await _inspect(settings, tmp_path, "--stalest", "1", "--json")).report["looked_at"] == 2
    await send(kafka, topic, 1, events(1, 5)[3:])
    behind = (await _inspect(settings, tmp_path, "shopper-0", "--json")).report
    assert behind["later_records"] == 2
    assert "no worker has its partition" in behind["why"]
    assert "nothing is known" in (await _inspect(settings, tmp_path, "nobody", status=1)).out


async def _served(settings: Settings) -> bool:
    url, namespace = settings.redis.url, settings.redis.namespace
    async with AsyncIntentReader(url, namespace=namespace, timeout_s=5) as reader:
        found = await reader.get_many(["shopper-0", "shopper-1"], fields="doc")
    return all(not intent.missing and intent.doc["window"]["events"] == 3 for intent in found)


async def _inspect(settings: Settings, folder: Path, *arguments: str, status: int = 0) -> Ended:
    variables = {
        "KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        "KAFKA__TOPIC": settings.kafka.topic,
        "REDIS__URL": settings.redis.url,
        "REDIS__NAMESPACE": settings.redis.namespace,
        "MODEL__URL": settings.model.url,
    }
    ended = await run(folder, variables, "inspect", *arguments)
    assert ended.status == status, ended.err
    return ended
