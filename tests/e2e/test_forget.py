"""Forgetting: erase, do one thing more, lose Redis, read everything again: nothing from before is there."""

import pytest
from penchant_reader import AsyncIntentReader

from penchant.operations.forget import Place, forget
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.triton import TritonServer
from storage.checkpoints import Context
from storage.connection import connect
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.sessions.packing import load
from streams.sessions.session import Session
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]

ALL = {"shopper-0", "shopper-1", "shopper-2"}


async def test_nothing_from_before_an_erasure_comes_back(
    real_kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """The keys go at once, a running worker forgets too, and neither a lost Redis nor a second reading of the whole
    topic brings anything back. What the shopper did since is there; others lose nothing."""
    topic = await real_kafka.topic(1)
    settings = make_settings(real_kafka, topic, model_server.grpc_address)
    before, after = events(3, 3), events(3, 4)[9:]
    async with worker(settings):
        await send(real_kafka, topic, 1, before)
        await until(lambda: _have(settings, dict.fromkeys(ALL, 3)))
        [receipt] = (await forget(settings, ["shopper-0"])).receipts
        assert receipt.places == (Place("redis", settings.redis.namespace, intents=1, contexts=1),)
        assert receipt.events_count_from == (9,)
        assert set(await _intents(settings)) == ALL - {"shopper-0"}
        await send(real_kafka, topic, 1, after)
        await until(lambda: _have(settings, {"shopper-0": 1, "shopper-1": 4, "shopper-2": 4}))
    await _lose_redis(settings)
    await real_kafka.commit(settings.kafka.group, topic, 0)
    async with worker(settings):
        await until(lambda: _have(settings, {"shopper-0": 1, "shopper-1": 4, "shopper-2": 4}))
    assert {who: found.event_ids for who, found in (await _sessions(settings)).items()}["shopper-0"] == ["e3-0"]


async def _have(settings: Settings, wanted: dict[str, int]) -> bool:
    """Whether these shoppers have intents of so many events, and stored sessions of as many."""
    stored = {who: found.events for who, found in (await _sessions(settings)).items()}
    return await _intents(settings) == wanted and stored == wanted


async def _intents(settings: Settings) -> dict[str, int]:
    async with AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=5) as reader:
        found = await reader.get_many(sorted(ALL), fields="doc")
    return {intent.shopper: intent.doc["window"]["events"] for intent in found if not intent.missing}


async def _sessions(settings: Settings) -> dict[str, Session]:
    redis = connect(settings.redis.url)
    try:
        store = RedisCheckpoints(redis, Keys(settings.redis.namespace), 5.0)
        found = await store.load(sorted(ALL))
    finally:
        await redis.aclose()
    return {each.shopper: load(each.session) for each in found if isinstance(each, Context)}


async def _lose_redis(settings: Settings) -> None:
    redis = connect(settings.redis.url)
    try:
        await redis.delete(*await redis.keys(f"{settings.redis.namespace}:*"))
    finally:
        await redis.aclose()
