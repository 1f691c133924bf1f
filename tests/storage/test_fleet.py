"""The fleet, in memory and on real ones."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sandbox.servers.fleet import MemoryFleet
from storage.activity import Activity, read_activity
from storage.connection import Client, connect
from storage.fleet import CountKey, ExperimentDecision, Fleet, FleetStore, PoolSize
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from streams.errors import StoreCorrupt, StoreUnavailable
from tests.storage.sides import RedisSide, Side

BACK = ExperimentDecision(1, "back", "worker w1", "errors: 46.2% of 130 calls", 1_700_000_000_000, "0badcafe")
FORWARD = ExperimentDecision(2, "forward", "ada@desk", "Kühler läuft wieder", 1_700_000_100_000, "0badcafe")
KEY = CountKey("new-model", 0, "0badcafe", "canary", 1_700_000_100, "failed")
OTHER = KEY._replace(arm="control", what="3")
SWITCH = Activity("switch", "pause", "on", "ada@desk", "a release")


@pytest.fixture
def keys(namespaces: Iterator[str]) -> Keys:
    """A namespace of the test's own."""
    return Keys(next(namespaces))


@pytest.fixture
def redis_fleet(client: Client, keys: Keys) -> RedisFleet:
    """The fleet in Redis."""
    return RedisFleet(client, keys, timeout_s=5.0)


@pytest.fixture
def store(side: Side) -> FleetStore:
    """The fleet in memory, and the one in every kind of Redis."""
    if isinstance(side, RedisSide):
        return RedisFleet(side.client, side.keys, timeout_s=5.0)
    return MemoryFleet(time.monotonic)


async def test_nothing_is_there_at_first(store: FleetStore) -> None:
    """No decision, no count, no worker."""
    assert await store.read() == Fleet()


async def test_counts_of_all_workers_add_up(store: FleetStore) -> None:
    """Whoever counts sees what all have counted."""
    await store.sync("w1", b"{}", {KEY: 3, OTHER: 1})
    seen = await store.sync("w2", b"{}", {KEY: 4})
    assert seen == await store.read() == Fleet(counts={KEY: 7, OTHER: 1}, workers=2)


async def test_concurrent_counts_are_all_counted(store: FleetStore) -> None:
    """Nothing is lost between reading and writing."""
    await asyncio.gather(*(store.sync(f"w{number}", b"{}", {KEY: 1}) for number in range(20)))
    assert (await store.read()).counts == {KEY: 20}


async def test_a_decision_is_read_as_it_was_made(store: FleetStore) -> None:
    """And the next one takes its place."""
    for decision in (BACK, FORWARD):
        assert await store.decide("new-model", decision)
        assert (await store.read()).decisions == {"new-model": decision}


async def test_only_the_first_of_two_decides(store: FleetStore) -> None:
    """A decision under a number that is taken, or passed, changes nothing; other experiments are others."""
    decided = await asyncio.gather(*(store.decide("new-model", BACK) for _ in range(5)))
    assert sorted(decided) == [False] * 4 + [True]
    assert await store.decide("new-model", FORWARD)
    assert not await store.decide("new-model", BACK)
    assert await store.decide("other", BACK)
    assert (await store.read()).decisions == {"new-model": FORWARD, "other": BACK}


async def test_of_sizes_the_one_with_the_highest_number_stands(store: FleetStore) -> None:
    """Of two who decide at once one is late; other pools are others."""
    first, second = (
        PoolSize(1, 3, "w1", 1_700_000_000_000),
        PoolSize(3, 0, "w2", 1_700_000_000_500, ((2, 120.0, 1_700_000_120_500),)),
    )
    assert await store.resize("gpus", first)
    assert not await store.resize("gpus", PoolSize(1, 2, "w2", 1_700_000_000_100))
    assert await store.resize("gpus", second)
    assert await store.resize("rented", first)
    assert (await store.read()).sizes == {"gpus": second, "rented": first}


async def test_counts_are_forgotten_by_name(store: FleetStore) -> None:
    """The others stay; forgetting again is harmless."""
    await store.sync("w1", b"{}", {KEY: 3, OTHER: 1})
    for _ in range(2):
        await store.forget([KEY])
    await store.forget([])
    assert (await store.read()).counts == {OTHER: 1}


async def test_workers_are_counted_while_they_are_heard_of(store: FleetStore) -> None:
    """Each once, with what it said last; whoever leaves counts no more, and leaving again is harmless."""
    await store.sync("w1", b"old", {})
    await store.sync("w2", b"two", {})
    assert (await store.sync("w1", b"new", {})).workers == 2
    beats = await store.heartbeats()
    assert {name: beat.content for name, beat in beats.items()} == {"w1": b"new", "w2": b"two"}
    assert all(0 <= beat.age_ms < 10_000 for beat in beats.values())
    for _ in range(2):
        await store.leave("w1")
    assert (await store.read()).workers == 1
    assert list(await store.heartbeats()) == ["w2"]


async def test_a_switch_is_thrown_and_put_back(store: FleetStore) -> None:
    """What changes nothing says so."""
    assert await store.throw("pause", b"on", SWITCH)
    assert not await store.throw("pause", b"on", SWITCH)
    assert (await store.read()).switches == {"pause": b"on"}
    assert await store.throw("pause", None, SWITCH)
    assert not await store.throw("pause", None, SWITCH)
    assert (await store.read()).switches == {}


async def test_calls_of_all_workers_add_up_by_slot(store: FleetStore) -> None:
    """What is too old is forgotten, and to add nothing is to look."""
    await store.demand(7, 3, 0)
    assert await store.demand(8, 2, 0) == {7: 3, 8: 2}
    assert await store.demand(8, 5, 8) == {8: 7}
    assert await store.demand(9, 0, 0) == {8: 7}


@pytest.mark.redis
async def test_a_worker_that_is_gone_is_forgotten(redis_fleet: RedisFleet, client: Client, keys: Keys) -> None:
    """By the store's clock: its heartbeat expires, and the next worker that is heard of takes its name away."""
    await redis_fleet.sync("w1", b"{}", {})
    assert 0 < await client.ttl(keys.worker("w1")) <= 10
    await client.zadd(keys.workers, {"w1": 1})
    assert (await redis_fleet.read()).workers == 0
    assert await redis_fleet.heartbeats() == {}
    await redis_fleet.sync("w2", b"{}", {})
    assert await client.zrange(keys.workers, 0, -1) == [b"w2"]


@pytest.mark.redis
async def test_every_decision_stands_in_the_activity_log(redis_fleet: RedisFleet, client: Client, keys: Keys) -> None:
    """Once, the newest first, with the store's time; what changed nothing does not, nor a kind of a later version."""
    await redis_fleet.throw("pause", b"on", SWITCH)
    await redis_fleet.throw("pause", b"on", SWITCH)
    await client.xadd(keys.activity, {"kind": "weather", "name": "rain"})
    for _ in range(2):
        await redis_fleet.decide("new-model", FORWARD)
    await redis_fleet.throw("pause", None, replace(SWITCH, value="clear"))
    entries = await read_activity(client, keys, 5.0, newest=10)
    assert [replace(each, at_ms=0) for each in entries] == [
        replace(SWITCH, value="clear"),
        Activity("experiment", "new-model", "forward", "ada@desk", "Kühler läuft wieder"),
        SWITCH,
    ]
    now_ms = time.time() * 1e3
    assert all(abs(each.at_ms - now_ms) < 60_000 for each in entries)
    assert len(await read_activity(client, keys, 5.0, newest=1)) == 1


@pytest.mark.redis
@pytest.mark.parametrize("field", ["control", "workers"])
async def test_a_key_of_another_type_is_named(redis_fleet: RedisFleet, client: Client, keys: Keys, field: str) -> None:
    """Whichever of them it is."""
    key = getattr(keys, field)
    await client.set(key, "x")
    with pytest.raises(StoreCorrupt, match=key):
        await redis_fleet.sync("w1", b"{}", {})


@pytest.mark.redis
async def test_later_versions_may_add_fields(redis_fleet: RedisFleet, client: Client, keys: Keys) -> None:
    """Of the hash, and of a decision."""
    more = b'{"serial":1,"state":"back","who":"x","why":"y","at_ms":5,"definition":"z","mood":"calm"}'
    await client.hset(keys.control, mapping={"switch:rules-only": "1", "experiment:new-model": more})
    assert (await redis_fleet.read()).decisions == {"new-model": ExperimentDecision(1, "back", "x", "y", 5, "z")}


@pytest.mark.redis
@pytest.mark.parametrize("name", ["count:x:1", "count:x:one:d:a:0:failed", "experiment:new-model"])
async def test_what_nobody_wrote_is_told(redis_fleet: RedisFleet, client: Client, keys: Keys, name: str) -> None:
    """With the key's name and the field's."""
    await client.hset(keys.control, name, "many")
    with pytest.raises(StoreCorrupt, match=f"{keys.control} .*{name}"):
        await redis_fleet.read()


async def test_a_redis_that_is_away_is_told(keys: Keys) -> None:
    """As everywhere."""
    client = connect("redis://127.0.0.1:1/0")
    with pytest.raises(StoreUnavailable):
        await RedisFleet(client, keys, timeout_s=1.0).sync("w1", b"{}", {})
    await client.aclose()
