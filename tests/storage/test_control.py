"""The control hash, in memory and on real ones."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from storage.connection import Client, connect
from storage.control import Control, ControlStore, CountKey, ExperimentDecision, RedisControl
from storage.keys import Keys
from streams.errors import StoreCorrupt, StoreUnavailable
from tests.fakes.control import MemoryControl
from tests.storage.sides import RedisSide, Side

BACK = ExperimentDecision(1, "back", "worker w1", "errors: 46.2% of 130 calls", 1_700_000_000_000, "0badcafe")
FORWARD = ExperimentDecision(2, "forward", "ada@desk", "Kühler läuft wieder", 1_700_000_100_000, "0badcafe")
KEY = CountKey("new-model", 0, "0badcafe", "canary", 1_700_000_100, "failed")
OTHER = KEY._replace(arm="control", what="3")


@pytest.fixture
def keys(namespaces: Iterator[str]) -> Keys:
    """A namespace of the test's own."""
    return Keys(next(namespaces))


@pytest.fixture
def redis_control(client: Client, keys: Keys) -> RedisControl:
    """The hash in Redis."""
    return RedisControl(client, keys, timeout_s=5.0)


@pytest.fixture
def store(side: Side) -> ControlStore:
    """The hash in memory, and the one in every kind of Redis."""
    if isinstance(side, RedisSide):
        return RedisControl(side.client, side.keys, timeout_s=5.0)
    return MemoryControl(time.monotonic)


async def test_nothing_is_there_at_first(store: ControlStore) -> None:
    """No decision, no count, no worker."""
    assert await store.read() == Control()


async def test_counts_of_all_workers_add_up(store: ControlStore) -> None:
    """Whoever counts sees what all have counted."""
    await store.sync("w1", {KEY: 3, OTHER: 1})
    seen = await store.sync("w2", {KEY: 4})
    assert seen == await store.read() == Control(counts={KEY: 7, OTHER: 1}, workers=frozenset({"w1", "w2"}))


async def test_concurrent_counts_are_all_counted(store: ControlStore) -> None:
    """Nothing is lost between reading and writing."""
    await asyncio.gather(*(store.sync(f"w{number}", {KEY: 1}) for number in range(20)))
    assert (await store.read()).counts == {KEY: 20}


async def test_a_decision_is_read_as_it_was_made(store: ControlStore) -> None:
    """And the next one takes its place."""
    for decision in (BACK, FORWARD):
        assert await store.decide("new-model", decision)
        assert (await store.read()).decisions == {"new-model": decision}


async def test_only_the_first_of_two_decides(store: ControlStore) -> None:
    """A decision under a number that is taken, or passed, changes nothing; other experiments are others."""
    decided = await asyncio.gather(*(store.decide("new-model", BACK) for _ in range(5)))
    assert sorted(decided) == [False] * 4 + [True]
    assert await store.decide("new-model", FORWARD)
    assert not await store.decide("new-model", BACK)
    assert await store.decide("other", BACK)
    assert (await store.read()).decisions == {"new-model": FORWARD, "other": BACK}


async def test_counts_are_forgotten_by_name(store: ControlStore) -> None:
    """The others stay; forgetting again is harmless."""
    await store.sync("w1", {KEY: 3, OTHER: 1})
    for _ in range(2):
        await store.forget([KEY])
    await store.forget([])
    assert (await store.read()).counts == {OTHER: 1}


async def test_workers_that_were_never_heard_of_are_not_alive(store: ControlStore) -> None:
    """In the order asked."""
    for name in ("w1", "w2"):
        await store.sync(name, {})
    assert await store.living(["w2", "w0", "w1"]) == ["w2", "w1"]
    assert await store.living([]) == []


@pytest.mark.redis
async def test_a_worker_that_is_gone_is_forgotten(redis_control: RedisControl, client: Client, keys: Keys) -> None:
    """Its key expires, and whoever asks next removes its name."""
    await redis_control.sync("w1", {})
    assert 0 < await client.ttl(keys.worker("w1")) <= 10
    await client.delete(keys.worker("w1"))
    assert await redis_control.living(["w1"]) == []
    assert (await redis_control.read()).workers == frozenset()


@pytest.mark.redis
async def test_later_versions_may_add_fields(redis_control: RedisControl, client: Client, keys: Keys) -> None:
    """Of the hash, and of a decision."""
    more = b'{"serial":1,"state":"back","who":"x","why":"y","at_ms":5,"definition":"z","mood":"calm"}'
    await client.hset(keys.control, mapping={"switch:rules-only": "1", "experiment:new-model": more})
    assert (await redis_control.read()).decisions == {"new-model": ExperimentDecision(1, "back", "x", "y", 5, "z")}


@pytest.mark.redis
@pytest.mark.parametrize("name", ["count:x:1", "count:x:one:d:a:0:failed", "experiment:new-model"])
async def test_what_nobody_wrote_is_told(redis_control: RedisControl, client: Client, keys: Keys, name: str) -> None:
    """With the key's name and the field's."""
    await client.hset(keys.control, name, "many")
    with pytest.raises(StoreCorrupt, match=f"{keys.control} .*{name}"):
        await redis_control.read()


async def test_a_redis_that_is_away_is_told(keys: Keys) -> None:
    """As everywhere."""
    client = connect("redis://127.0.0.1:1/0")
    with pytest.raises(StoreUnavailable):
        await RedisControl(client, keys, timeout_s=1.0).sync("w1", {})
    await client.aclose()
