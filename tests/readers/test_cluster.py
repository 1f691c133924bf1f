"""On a real Redis Cluster: what the service writes is read, also while slots move and while a node is away."""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from penchant_reader import AsyncIntentReader, IntentReader
from redis.asyncio import Redis
from redis.crc import key_slot

from readers.python.tests.scripted import InLoop
from sandbox.servers.server import LOOPBACK
from storage.connection import Client, connect
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.errors import StoreUnavailable
from tests.readers.each import EachReader, each_reader
from tests.redis_cluster import SLOTS, RedisCluster
from tests.storage.sides import write

pytestmark = [pytest.mark.slow, pytest.mark.redis]
PATIENT_S = 20.0
SHOPPERS = [f"s{number}" for number in range(100)]
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[RedisCluster]:
    """A cluster that these tests may hurt, and mend."""
    async with RedisCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
async def client(cluster: RedisCluster) -> AsyncIterator[Client]:
    """The service's client."""
    async with connect(cluster.url, cluster=True) as client:
        yield client


@pytest.fixture
def keys() -> Keys:
    """A namespace that no other test uses."""
    return Keys(f"cluster-{next(NUMBERS)}")


@pytest.fixture
async def stored(client: Client, keys: Keys) -> RedisCheckpoints:
    """A store in which everybody has an intent."""
    store = RedisCheckpoints(client, keys, PATIENT_S)
    await store.write([write(shopper) for shopper in SHOPPERS])
    return store


@each_reader
async def test_many_are_read_in_one_call(
    cluster: RedisCluster, keys: Keys, stored: RedisCheckpoints, read: EachReader
) -> None:
    """In the order asked, whichever nodes hold them, with those in between who have none."""
    asked = [*SHOPPERS[50:], "nobody", *SHOPPERS[:50]]
    found = await read(cluster.url, keys.namespace, asked, cluster=True)
    assert [each.shopper for each in found] == asked
    assert [each.shopper for each in found if each.missing or each.doc["shopper"] != each.shopper] == ["nobody"]


@each_reader
async def test_fields_are_read_from_each_node_where_no_packed_one_is(
    cluster: RedisCluster, client: Client, keys: Keys, stored: RedisCheckpoints, read: EachReader
) -> None:
    """In a second round trip to the nodes that hold such shoppers, as workers of contract 2 left them."""
    for shopper in SHOPPERS[::3]:
        assert await client.hdel(keys.intent(shopper), "packed") == 1
    found = await read(cluster.url, keys.namespace, [*SHOPPERS, "nobody"], cluster=True, strict=True)
    assert [each.shopper for each in found if each.missing] == ["nobody"]
    assert [each.doc["shopper"] for each in found[:-1]] == SHOPPERS
    assert {(each.stage, each.brand, each.position) for each in found[:-1]} == {("compare", "Ålesund", "0:5:0")}


async def test_the_keys_of_a_shopper_lie_together(cluster: RedisCluster, keys: Keys, stored: RedisCheckpoints) -> None:
    """On one node, and every node has shoppers."""
    homes = {}
    for number, node in enumerate(cluster.nodes):
        async with Redis.from_url(node.url, decode_responses=True) as direct:
            homes[number] = set(await direct.keys(f"{keys.namespace}:*"))
    shoppers = {number: {shopper for shopper in SHOPPERS if keys.intent(shopper) in homes[number]} for number in homes}
    assert all(shoppers.values())
    assert sum(map(len, shoppers.values())) == len(SHOPPERS)
    for number, here in shoppers.items():
        assert all(keys.context(shopper) in homes[number] for shopper in here)


async def test_a_slot_that_moves_is_followed(cluster: RedisCluster, keys: Keys, stored: RedisCheckpoints) -> None:
    """By those who know the old map: readers all the while, the writer once it has moved."""
    taken = {key_slot(name.encode()) for name in SHOPPERS}
    first = set(range(SLOTS // len(cluster.nodes))) - taken  # no other keys may be in the slot
    shopper = next(name for name in map("mover-{}".format, itertools.count()) if key_slot(name.encode()) in first)
    await stored.write([write(shopper)])
    options: dict[str, Any] = {"namespace": keys.namespace, "timeout_s": PATIENT_S, "cluster": True, "strict": True}
    async with AsyncExitStack() as stack:
        threaded = stack.enter_context(IntentReader(cluster.url, **options))
        evented = await stack.enter_async_context(AsyncIntentReader(cluster.url, **options))

        async def read() -> set[str]:
            found = [await asyncio.to_thread(threaded.get, shopper), await evented.get(shopper)]
            return {each.doc["shopper"] for each in found}

        assert await read() == {shopper}
        async with moving(cluster, shopper, keys):
            assert await read() == {shopper}
            # Redis runs no script on several keys of a slot that moves, which is said of this write alone.
            assert await stored.write([write(shopper, (0, 6, 0))]) == ["undecided"]
        assert await read() == {shopper}
        assert await stored.write([write(shopper, (0, 6, 0))]) == ["accepted"]
        async with moving(cluster, shopper, keys, back=True):
            assert await read() == {shopper}
        assert await stored.write([write(shopper, (0, 7, 0))]) == ["accepted"]


@each_reader
async def test_a_node_that_is_away_fails_for_its_own_shoppers(
    cluster: RedisCluster, keys: Keys, stored: RedisCheckpoints, read: EachReader
) -> None:
    """The others are read; the service hears that the store is unavailable, and works on when the node is back."""
    before = await stored.incarnation()
    await cluster.nodes[2].kill()
    try:
        found = await read(cluster.url, keys.namespace, SHOPPERS, cluster=True)
        lost = {each.shopper for each in found if each.failed}
        assert lost == {shopper for shopper in SHOPPERS if key_slot(shopper.encode()) >= 2 * SLOTS // 3}
        with pytest.raises(StoreUnavailable):
            await stored.load(SHOPPERS)
    finally:
        await cluster.nodes[2].restart()
        await cluster.formed()
    assert await stored.incarnation() != before
    assert await stored.write([write(shopper) for shopper in sorted(lost)]) == ["accepted"] * len(lost)


@pytest.mark.parametrize("kind", [IntentReader, InLoop])
async def test_a_node_that_hangs_is_waited_for_once(
    cluster: RedisCluster, keys: Keys, stored: RedisCheckpoints, kind: Any
) -> None:
    """The first call pays the timeout. From then on all others' intents are read, and only its own shoppers fail."""
    hung, home = cluster.nodes[0], {name for name in SHOPPERS if key_slot(name.encode()) < SLOTS // len(cluster.nodes)}
    options: dict[str, Any] = {"namespace": keys.namespace, "timeout_s": 2.0, "cluster": True, "circuit_s": 600.0}
    reader = kind(cluster.nodes[1].url, **options)
    try:
        assert not any(each.failed for each in await asyncio.to_thread(reader.get_many, SHOPPERS))
        os.kill(hung.pid or 0, signal.SIGSTOP)
        first, then = [await asyncio.to_thread(reader.get_many, SHOPPERS) for _ in range(2)]
    finally:
        os.kill(hung.pid or 0, signal.SIGCONT)
        await asyncio.to_thread(reader.close)
    assert home <= {each.shopper for each in first if each.failed}
    assert {each.shopper for each in then if each.failed} == home
    assert reader.failures["CircuitOpen"] == 1


async def test_a_client_of_one_server_is_told_what_to_set(cluster: RedisCluster) -> None:
    """Most keys are elsewhere; the error says how to reach them."""
    async with connect(cluster.url) as alone:
        with pytest.raises(StoreUnavailable, match=r"redis\.cluster = true"):
            await RedisCheckpoints(alone, Keys(), PATIENT_S).load(SHOPPERS)


@asynccontextmanager
async def moving(cluster: RedisCluster, shopper: str, keys: Keys, *, back: bool = False) -> AsyncIterator[None]:
    """The shopper's slot on its way from the first node to the second, or back; its keys are there before it."""
    ends = (cluster.nodes[1], cluster.nodes[0]) if back else (cluster.nodes[0], cluster.nodes[1])
    slot, names = key_slot(shopper.encode()), [keys.intent(shopper), keys.context(shopper)]
    async with AsyncExitStack() as stack:
        source, target = [await stack.enter_async_context(Redis.from_url(node.url)) for node in ends]
        ids = [(await each.execute_command("CLUSTER MYID")).decode() for each in (source, target)]  # type: ignore[no-untyped-call] # redis-py
        await target.cluster("SETSLOT", slot, "IMPORTING", ids[0])
        await source.cluster("SETSLOT", slot, "MIGRATING", ids[1])
        await source.migrate(LOOPBACK, ends[1].ports[0], names, 0, 5_000)
        yield
        for each in (target, source):
            await each.cluster("SETSLOT", slot, "NODE", ids[1])
