"""A fleet learns from its stream: what one worker counted, the next one's intents use, and name."""

import time
from pathlib import Path

import pytest
from penchant_reader import AsyncIntentReader

from penchant.worker.app import worker
from prompts.learned.snapshot import snapshot
from sandbox.servers.triton import TritonServer
from storage.counts import RedisCounts
from storage.keys import Keys
from streams.events.decoding import encode
from streams.events.event import Item, ShopperEvent
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import send, until
from tests.kafka import Kafka
from tests.penchant.commands import run
from tests.prompts.learned.stream import START_MS, crowd, taught, totals

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]

KETTLE = Item("k1", "Kettle", "home/kitchen/kettles", "Brivane", 30.0, "EUR")
TOASTER = Item("t1", "Toaster", "home/kitchen/toasters", "Tarn", 45.0, "EUR")
CROWD = 60


def views(who: str, *items: Item) -> list[ShopperEvent]:
    """One look after the other, just now."""
    now_ms = time.time_ns() // 1_000_000
    return [ShopperEvent(f"{who}-{at}", who, "view", now_ms - 1_000 + at, (item,)) for at, item in enumerate(items)]


async def test_what_a_crowd_taught_stands_in_the_next_intent(
    broker: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """Sixty shoppers go on from kettles to toasters. One who saw a kettle alone is foreseen to, by a name of the
    snapshot, and the intent says that this was inferred."""
    topic = await broker.topic(1)
    learning: dict[str, object] = {"enabled": True, "write_s": 0.3}
    settings = make_settings(broker, topic, model_server.grpc_address, learning=learning)
    crowd = [event for number in range(CROWD) for event in views(f"shopper-{number}", KETTLE, TOASTER)]
    await send(broker, topic, 1, crowd)
    redis = settings.redis.connect()
    async with redis:
        counts = RedisCounts(redis, Keys(settings.redis.namespace), 5.0)

        async def written() -> bool:
            return await counts.lessons(0) is not None

        async with worker(settings) as running:

            async def folded() -> bool:
                return running.meter.events == len(crowd)

            await until(folded)
            await until(written)
        async with (
            worker(settings),
            AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=2) as reader,
        ):

            async def in_force() -> bool:
                return b"toasters" in (await counts.snapshot(await counts.current()) or b"")

            await until(in_force)
            await send(broker, topic, 1, views("ada", KETTLE))

            async def foreseen() -> bool:
                doc = (await reader.get("ada", fields="doc")).doc
                return bool(doc) and "home/kitchen/toasters" in doc["inferred"]

            await until(foreseen)
            doc = (await reader.get("ada", fields="doc")).doc
            assert doc["learned"] == await counts.current()
            assert doc["categories"][0]["name"] == "home/kitchen/kettles"


@pytest.mark.slow
async def test_a_replay_uses_the_snapshot_that_it_is_told(
    broker: Kafka, model_server: TritonServer, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """Each of its intents names that one, though another is in force; a name that is not kept any more is refused."""
    settings = make_settings(broker, "none", model_server.grpc_address)
    told, later = (
        snapshot(totals(taught(crowd("x", size, [KETTLE, TOASTER]))), START_MS) for size in (CROWD, 2 * CROWD)
    )
    redis = settings.redis.connect()
    async with redis:
        counts = RedisCounts(redis, Keys(settings.redis.namespace), 5.0)
        for each in (told, later):
            await counts.publish(each.name, each.dump(), 60)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(map(encode, [event for who in ("ada", "bob") for event in views(who, KETTLE)])))
    variables = {
        "KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        "REDIS__URL": settings.redis.url,
        "REDIS__NAMESPACE": settings.redis.namespace,
        "MODEL__URL": settings.model.url,
    }
    arguments, own = ("replay", "--events", str(path), "--learned"), f"{settings.redis.namespace}-again"
    ended = await run(tmp_path, variables, *arguments, told.name, "--namespace", own)
    assert ended.status == 0, ended.err
    async with AsyncIntentReader(
        settings.redis.url, namespace=f"{settings.redis.namespace}-again", timeout_s=2
    ) as reader:
        docs = [intent.doc for intent in await reader.get_many(["ada", "bob"], fields="doc")]
    assert [doc["learned"] for doc in docs] == [told.name] * 2
    assert all("home/kitchen/toasters" in doc["inferred"] for doc in docs)
    refused = await run(tmp_path, variables, *arguments, "2001-01-01T00-gone", "--namespace", f"{own}-2")
    assert refused.status == 2
    assert "learning.keep_s" in refused.err
