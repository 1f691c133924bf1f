"""Workers and readers of 0.1.0 and of this tree over the same Kafka and Redis, there and back: `make compat`."""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from redis.asyncio import Redis

from sandbox.servers.redis import RedisServer
from streams.events.decoding import encode
from streams.events.event import Consent, Item, ShopperEvent
from tests.compat.versions import BEFORE, NOW, THEN
from tests.e2e.shop import until
from tests.fakes.canned_server import answer, canned
from tests.kafka import Kafka

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.redis,
    pytest.mark.compat,
    pytest.mark.skipif(not BEFORE.exists(), reason="NO EARLIER VERSION: `make compat` unpacks it from the history"),
]

SAID = '{"m":"gift","c":[[1,9]],"k":9,"e":[1]}'
MODEL = {
    "data": [{"id": "tiny", "owned_by": "vllm"}],
    "choices": [{"message": {"content": SAID}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 100, "completion_tokens": 20},
}
"""A model server in one answer: what it lists, and what it says."""

KETTLE = Item("k1", "Quiet kettle", "home/kettles", "Brivane", 30.0, "EUR")


@dataclass
class Estate:
    """A topic, a namespace and a model that the versions share; `view` lets shoppers do something."""

    kafka: Kafka
    redis: RedisServer
    topic: str
    namespace: str
    folder: Path
    model: str
    sent: int = 0
    last: dict[str, int] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Those that both versions know."""
        return {
            "kafka": {"bootstrap": self.kafka.bootstrap, "topic": self.topic, "group": self.namespace,
                      "dead_letter_topic": f"{self.topic}.dead", "erasure_topic": f"{self.topic}.erasures",
                      "session_timeout_s": 6},
            "redis": {"url": self.redis.url, "namespace": self.namespace},
            "model": {"url": self.model},
            "triggers": {"debounce_s": 0.1, "max_wait_s": 0.3, "min_interval_s": 0.1},
            "commit": {"lag_s": 0.5},
        }  # fmt: skip

    async def view(self, *shoppers: str, consent: Consent | None = None) -> None:
        now_ms = time.time_ns() // 1_000_000
        for name in shoppers:
            event = ShopperEvent(f"e{self.sent}", name, "view", now_ms, (KETTLE,), consent=consent)
            await self.kafka.produce(self.topic, [encode(event)], keys=[name.encode()])
            self.last[name] = self.sent
            self.sent += 1

    async def served(self) -> None:
        """Until the intent of each shopper includes what they did last."""
        await until(self._served, within_s=90)

    async def _served(self) -> bool:
        docs = [await self.doc(name) for name in self.last]
        wanted = [f"0:{offset}:0" for offset in self.last.values()]
        return [doc.get("position") for doc in docs] == wanted

    async def doc(self, shopper: str) -> dict[str, Any]:
        async with Redis.from_url(self.redis.url) as client:
            told = await client.hget(f"{self.namespace}:{{{shopper}}}:intent", "doc")
        return dict(orjson.loads(told)) if told else {}


@pytest.fixture
async def estate(real_kafka: Kafka, redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Estate]:
    said = answer(200, orjson.dumps(MODEL), {b"Content-Type": b"application/json"})
    async with canned(said) as url:
        topic = await real_kafka.topic()
        yield Estate(real_kafka, redis_server, topic, uuid4().hex[:12], tmp_path, f"{url}/v1")


async def test_an_upgrade_and_the_way_back(estate: Estate) -> None:
    """Each version goes on with the sessions of the other, and each one's reader reads what the other has written."""
    for number, version in enumerate((THEN, NOW, THEN), 1):
        async with version.working(estate.folder, estate.settings):
            await estate.view("ada")
            await estate.served()
        doc = await estate.doc("ada")
        assert doc["source"] == "model"
        assert doc["window"]["events"] == number, f"the session began anew on {version.name}"
        for reader in (THEN, NOW):
            [read] = await reader.read(estate.redis.url, estate.namespace, "ada")
            assert (read["missing"], read["failed"], read["category"]) == (False, False, "home/kettles")


async def test_both_serve_one_topic_together(estate: Estate) -> None:
    """As during a rolling upgrade: while one takes over from the other, nobody is left without an intent."""
    shoppers = [f"s{number}" for number in range(20)]
    async with THEN.working(estate.folder / "then", estate.settings):
        await estate.view(*shoppers)
        async with NOW.working(estate.folder / "now", estate.settings):
            await estate.view(*shoppers)
            await estate.served()
        await estate.view(*shoppers)
        await estate.served()
    docs = [await estate.doc(name) for name in shoppers]
    assert {doc["window"]["events"] for doc in docs} == {3}


async def test_a_session_that_0_1_0_cannot_read(estate: Estate) -> None:
    """One that says what its shopper agreed to is packed in another way: 0.1.0 stops at it, as docs/operations.md says,
    and this version goes on with it afterwards."""
    async with NOW.working(estate.folder, estate.settings):
        await estate.view("ada", consent=Consent(personalisation=True, advertising=False))
        await estate.served()
    await estate.view("ada")
    assert "too many values to unpack" in await THEN.stopping(estate.folder, estate.settings)
    async with NOW.working(estate.folder, estate.settings):
        await estate.served()
    assert (await estate.doc("ada"))["window"]["events"] == 2
