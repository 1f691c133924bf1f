"""Exporting: what a worker wrote on real servers, joined to requests as it was readable then."""

import time
from pathlib import Path

import orjson
import pytest
from penchant_reader import AsyncIntentReader

from penchant.offline.export.files import read
from penchant.operations.forget import forget
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.triton import TritonServer
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka
from tests.penchant.commands import run

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]


async def test_requests_get_what_was_readable_then(
    real_kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """Before the first intent nothing, then the first, then the second, and nothing after an erasure; no intent that
    became readable after its request."""
    topic = await real_kafka.topic(1)
    history = {"history_topic": f"{topic}.history", "intents_topic": f"{topic}.intents"}
    settings = make_settings(real_kafka, topic, model_server.grpc_address, kafka=history)
    asked = [_now_ms()]
    async with worker(settings):
        await send(real_kafka, topic, 1, events(1, 2))
        await until(lambda: _has(settings, 2))
        asked.append(_now_ms())
        await send(real_kafka, topic, 1, events(1, 3)[2:])
        await until(lambda: _has(settings, 3))
        asked.append(_now_ms())
    await forget(settings, ["shopper-0"])
    asked.append(_now_ms())
    rows = [{"shopper": who, "time": at_ms} for at_ms in asked for who in ("shopper-0", "nobody")]
    labels = tmp_path / "requests.jsonl"
    labels.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    variables = {
        "KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        "KAFKA__HISTORY_TOPIC": history["history_topic"],
    }
    ended = await run(tmp_path, variables, "export", "--labels", str(labels), "--out", "out.parquet", "--json")
    assert ended.status == 0, ended.err
    assert (ended.report["requests"], ended.report["with_intent"]) == (8, 2)
    found = [row for row in read(tmp_path / "out.parquet", "shopper", "time") if row["shopper"] == "shopper-0"]
    assert [row["penchant_missing"] for row in found] == [True, False, False, True]
    windows = [orjson.loads(row["penchant_doc"])["window"]["events"] for row in found[1:3]]
    assert windows == [2, 3]
    assert all(row["penchant_readable_at"] <= row["time"] for row in found[1:3])


@pytest.mark.slow
async def test_requests_get_what_became_of_them(real_kafka: Kafka, make_settings: MakeSettings, tmp_path: Path) -> None:
    """By the events of the topic after them; of who was erased, and of a time that is not over, nothing."""
    topic, history = await real_kafka.topic(2), await real_kafka.topic(1)
    settings = make_settings(real_kafka, topic, "unused:1", kafka={"history_topic": history})
    told = events(3, 4, _now_ms() - 10_000)
    await send(real_kafka, topic, 2, told)
    newest_ms = max(each.time_ms for each in told)
    rows = [{"shopper": f"shopper-{n}", "time": newest_ms - 60_000} for n in range(3)]
    rows.append({"shopper": "shopper-0", "time": newest_ms + 3_600_000})
    await forget(settings, ["shopper-2"])
    labels = tmp_path / "requests.jsonl"
    labels.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    variables = {"KAFKA__BOOTSTRAP": settings.kafka.bootstrap, "KAFKA__TOPIC": topic,
                 "KAFKA__HISTORY_TOPIC": history, "KAFKA__ERASURE_TOPIC": settings.kafka.erasure_topic,
                 "LIFT__CURRENCY": "EUR"}  # fmt: skip
    command = ("export", "--labels", str(labels), "--out", "out.parquet", "--outcomes", "60", "--json")
    ended = await run(tmp_path, variables, *command)
    assert ended.status == 0, ended.err
    assert ended.report["with_outcome"] == 2
    found = read(tmp_path / "out.parquet", "shopper", "time")
    assert [row["penchant_clicked"] for row in found] == [True, True, None, None]
    assert [row["penchant_carted"] for row in found] == [True, True, None, None]
    assert found[0]["penchant_outcome_until"] == newest_ms


async def _has(settings: Settings, count: int) -> bool:
    async with AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=5) as reader:
        found = await reader.get("shopper-0")
    return not found.missing and found.doc["window"]["events"] == count


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
