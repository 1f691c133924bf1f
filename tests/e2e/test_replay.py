"""Replaying on real servers: beside what is live it touches nothing, over it it brings a lost Redis back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from penchant_reader import AsyncIntentReader

from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.triton import TritonServer
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka
from tests.penchant.commands import Ended, run
from tests.penchant.telemetry.traces.test_exporting import collector

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]

SHOPPERS = 4


async def test_a_replay_beside_what_is_live_and_one_over_a_redis_that_was_lost(
    real_kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """Into its own namespace it comes to what is live and commits nothing. After Redis was emptied, --live brings every
    shopper back, and a worker's next intents still win."""
    topic = await real_kafka.topic(2)
    settings = make_settings(real_kafka, topic, model_server.grpc_address)
    last = await send(real_kafka, topic, 2, events(SHOPPERS, 3))
    async with worker(settings):
        await until(lambda: _have(settings, 3))
    committed = [await real_kafka.committed(settings.kafka.group, topic, number) for number in (0, 1)]
    live = await _docs(settings.redis.url, settings.redis.namespace)
    page = tmp_path / "replay.html"
    async with collector() as (url, got):
        found = (await _replay(settings, tmp_path, "--html", str(page), TRACES__URL=url, TRACES__SHARE="1")).report
    assert names(got)["replay"] == found["intents"]
    assert (found["records"], found["intents"] >= SHOPPERS, found["compared"]["replayed"]) == (12, True, SHOPPERS)
    assert (found["compared"]["same_offset"], found["compared"]["missions_changed"]) == (1.0, 0.0)
    assert "<h1>Replay</h1>" in page.read_text()
    assert await _docs(settings.redis.url, settings.redis.namespace) == live
    assert [await real_kafka.committed(settings.kafka.group, topic, number) for number in (0, 1)] == committed
    await _holds_one_replay(settings, tmp_path)
    await _lose_redis(settings)
    redone = (await _replay(settings, tmp_path, "--live", "--yes", "--from", "1h", "--generation", "7")).report
    assert redone["intents"] == SHOPPERS
    back = await _docs(settings.redis.url, settings.redis.namespace)
    assert {who: doc["position"] for who, doc in back.items()} == {who: f"0:{at}:7" for who, at in last.items()}
    async with worker(settings):
        await send(real_kafka, topic, 2, events(SHOPPERS, 4)[3 * SHOPPERS :])
        await until(lambda: _have(settings, 4))
    again = await _docs(settings.redis.url, settings.redis.namespace)
    assert {doc["position"].split(":")[2] for doc in again.values()} == {"0"}


async def _holds_one_replay(settings: Settings, folder: Path) -> None:
    """What a namespace holds is not taken for another replay, nor for the same one again."""
    done = await _ended(settings, folder)
    assert (done.status, "holds this replay, and it is done" in done.err) == (1, True), done.err
    other = await _ended(settings, folder, "--prompt-version", "v2")
    assert (other.status, "prompt 'v1', not 'v2'" in " ".join(other.err.split())) == (1, True), other.err
    assert "--afresh" in other.err
    for more in (("--namespace", f"{settings.redis.namespace}-terse"), ("--afresh",)):
        report = (await _replay(settings, folder, "--prompt-version", "v2", *more)).report
        assert (report["records"], report["compared"]["replayed"], report["resumed_at"]) == (12, SHOPPERS, {})


async def _have(settings: Settings, count: int) -> bool:
    docs = await _docs(settings.redis.url, settings.redis.namespace)
    return [doc["window"]["events"] for doc in docs.values()] == [count] * SHOPPERS


async def _docs(url: str, namespace: str) -> dict[str, Mapping[str, Any]]:
    async with AsyncIntentReader(url, namespace=namespace, timeout_s=5) as reader:
        found = await reader.get_many([f"shopper-{number}" for number in range(SHOPPERS)], fields="doc")
    return {intent.shopper: intent.doc for intent in found if not intent.missing}


async def _lose_redis(settings: Settings) -> None:
    redis = settings.redis.connect()
    try:
        await redis.delete(*await redis.keys(f"{settings.redis.namespace}:*"))
    finally:
        await redis.aclose()


def names(got: Sequence[ExportTraceServiceRequest]) -> Counter[str]:
    """The spans that a collector got, by name."""
    scopes = (scope for each in got for resource in each.resource_spans for scope in resource.scope_spans)
    return Counter(span.name for scope in scopes for span in scope.spans)


async def _replay(settings: Settings, folder: Path, *arguments: str, **more: str) -> Ended:
    ended = await _ended(settings, folder, *arguments, **more)
    assert ended.status == 0, ended.err
    return ended


async def _ended(settings: Settings, folder: Path, *arguments: str, **more: str) -> Ended:
    variables = {
        **more,
        "KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        "KAFKA__TOPIC": settings.kafka.topic,
        "KAFKA__ERASURE_TOPIC": settings.kafka.erasure_topic,
        "REDIS__URL": settings.redis.url,
        "REDIS__NAMESPACE": settings.redis.namespace,
        "MODEL__URL": settings.model.url,
    }
    return await run(folder, variables, "replay", "--json", *arguments)
