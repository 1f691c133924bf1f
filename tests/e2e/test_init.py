"""From a topic that nobody has told anything of, by `penchant init`, to its first intent."""

import time
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from penchant_reader import AsyncIntentReader

from benchmarks.dialect_records import segment
from penchant.settings.sources import load_settings
from penchant.worker.app import worker
from sandbox.servers.redis import RedisServer
from streams.events.event import Item, ShopperEvent
from tests.e2e.shop import until
from tests.fakes.model import ScriptedModel
from tests.fakes.openai_server import OpenAIServer
from tests.kafka import Kafka
from tests.penchant.commands import Command

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.slow]

KETTLE = Item("k1", "Quiet kettle", "home/kettles", "Brivane", 30.0, "EUR")


async def test_a_shop_that_is_not_ours(kafka: Kafka, redis_server: RedisServer, tmp_path: Path) -> None:
    """Segment's events in a topic of the shop's own name: the file that is written is enough for a worker."""
    topic, name, now_ms = await kafka.topic(2), uuid4().hex[:12], time.time_ns() // 1_000_000
    events = [ShopperEvent(f"e{number}", "ada", "view", now_ms + number, (KETTLE,)) for number in range(4)]
    await kafka.produce(topic, [orjson.dumps(segment(each)) for each in events], keys=[b"ada"] * 4)
    model, own = OpenAIServer(), {"REDIS__NAMESPACE": name, "KAFKA__GROUP": name}
    await model.start()
    try:
        options = ["--brokers", kafka.bootstrap, "--topic", topic, "--redis", redis_server.url, "--model", model.url]
        async with Command(tmp_path, own, "init", *options) as command:
            ended = await command.ended()
    finally:
        await model.stop()
    assert ended.status in (0, 3), ended.err + ended.out
    written = tmp_path / "penchant.toml"
    assert "PENCHANT_KAFKA__GROUP, PENCHANT_REDIS__NAMESPACE" in written.read_text()
    settings = load_settings(written, {"redis.namespace": name, "kafka.group": name}).settings
    assert settings.kafka.dialect == "segment"
    reader = AsyncIntentReader(settings.redis.url, namespace=name, timeout_s=2)
    async with worker(settings, model=ScriptedModel('{"m":"gift","c":[[1,9]],"k":9,"e":[1]}')), reader:

        async def there() -> bool:
            return not (await reader.get("ada")).missing

        await until(there)
        assert (await reader.get("ada")).category == "home/kettles"
