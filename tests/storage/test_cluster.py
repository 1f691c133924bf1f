"""What only a cluster can do to us: a slot that is open, and a node that falls back while the others do not."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.crc import key_slot

from agents.worker.erasures import Erasures
from storage.checkpoints import Context, Erased, Verdict
from storage.connection import Client
from storage.erasures import RedisErasures, Removed
from storage.places import RedisPlaces
from storage.watermarks import Watermarks
from storage.writer import RedisCheckpoints
from streams.errors import StoreUnavailable
from streams.records.erasures import Erasure
from tests.fakes.erasure_topic import MemoryErasures
from tests.storage.conftest import BINARIES, Clients
from tests.storage.sides import RedisSide, write

pytestmark = [pytest.mark.redis, pytest.mark.slow]

SHOPPERS = [f"p{number}" for number in range(60)]


@pytest.fixture
async def cluster(clients: Clients) -> RedisCluster:
    """A client of a cluster of three nodes."""
    client = await clients.of(f"cluster, {next(iter(BINARIES))}")
    assert isinstance(client, RedisCluster)
    return client


async def test_an_open_slot_holds_up_its_own_shoppers_alone(cluster: RedisCluster, namespaces: Iterator[str]) -> None:
    """The others' writes are taken in the same pipeline; those of the slot are undecided until it is closed."""
    side = RedisSide(cluster, next(namespaces), timeout_s=2)
    slot = key_slot(b"p7")
    source = cluster.get_node_from_key(side.keys.intent("p7"))
    assert source is not None
    target = next(node for node in cluster.get_primaries() if node.name != source.name)
    async with _node(source) as here, _node(target) as there:
        ids = [(await _ask(node, "CLUSTER MYID")).decode() for node in (here, there)]
        await _ask(there, "CLUSTER SETSLOT", slot, "IMPORTING", ids[0])
        await _ask(here, "CLUSTER SETSLOT", slot, "MIGRATING", ids[1])
        try:
            verdicts = dict(zip(SHOPPERS, await side.store.write([write(each) for each in SHOPPERS]), strict=True))
            assert verdicts.pop("p7") is Verdict.UNDECIDED
            assert set(verdicts.values()) == {Verdict.ACCEPTED}
            loaded = await side.store.load(SHOPPERS)
            assert [each.shopper for each in loaded if each is not None] == list(verdicts)
            busy = [cluster.execute_command("PING", target_nodes=target) for _ in range(4)]
            await asyncio.gather(*busy)  # four free connections: ASKING counts for one
            for _ in range(50):
                assert await side.store.load(["p7"]) == [None]
            outcomes = await side.erasures.erase([Erasure(each, 7, 0, (9,)) for each in ("p7", "p8")])
            assert isinstance(outcomes[0], StoreUnavailable)
            assert outcomes[1] == {side.keys.namespace: Removed(1, 1)}
        finally:
            for node in (here, there):
                await _ask(node, "CLUSTER SETSLOT", slot, "STABLE")
    assert await side.store.write([write("p7")]) == [Verdict.ACCEPTED]


async def test_a_node_that_missed_an_erasure_is_told_it_again(cluster: RedisCluster, namespaces: Iterator[str]) -> None:
    """It fell back to before the erasure, with the intent, the context and its own watermark; the other nodes did not.
    Nothing is loaded from it before it has been told, and then nothing from before is there."""
    keys = RedisSide(cluster, next(namespaces)).keys
    watermarks = Watermarks(cluster, keys, 2)
    store = RedisCheckpoints(cluster, keys, 2, watermarks)
    topic = MemoryErasures()
    erasures = Erasures(RedisErasures(cluster, keys, 2, watermarks), store, 0, topic)
    await erasures.catch_up()
    await store.write([write("ada", (0, 5, 0), partition=0), write("bob", (0, 6, 0), partition=0)])
    names = [keys.context("ada"), keys.intent("ada")]
    before = {name: value for name in names if (value := await cluster.dump(name)) is not None}
    topic.records.append(Erasure("ada", 7, 0, (6,)))
    await erasures.catch_up()
    assert await store.load(["ada"]) == [Erased("ada", 7, topic.records[0])]

    await _fall_back(cluster, keys.erasure("ada"), keys.namespace, before)

    with pytest.raises(StoreUnavailable, match="lost erasures"):
        await store.load(["ada"])
    await erasures.incarnation()
    [ada, bob] = await store.load(["ada", "bob"])
    assert ada == Erased("ada", 7, topic.records[0])
    assert isinstance(bob, Context)
    assert not await cluster.exists(keys.intent("ada"))


def _node(node: ClusterNode) -> Redis:
    return Redis(host=node.host, port=int(node.port))


async def _ask(node: Redis, *command: object) -> Any:
    return await node.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py


async def _fall_back(cluster: RedisCluster, marker: str, namespace: str, values: dict[str, bytes]) -> None:
    """The node with this marker has neither that nor its watermark any more, and has these values again."""
    await cluster.delete(marker)
    node = cluster.get_node_from_key(marker)
    assert node is not None
    for found in await cluster.keys(f"{namespace}:erasures:*", target_nodes=RedisCluster.PRIMARIES):
        name = found if isinstance(found, str) else found.decode()
        if (where := cluster.get_node_from_key(name)) is not None and where.name == node.name:
            await cluster.delete(name)
    for name, value in values.items():
        await cluster.restore(name, 0, value, replace=True)


@pytest.mark.parametrize("kind", ["redis", f"cluster, {next(iter(BINARIES))}"])
async def test_every_namespace_is_reached(clients: Clients, namespaces: Iterator[str], kind: str) -> None:
    """That of a replay too, where the marker of the live one counts: what is written there later is refused."""
    client: Client = await clients.of(kind)
    live = RedisSide(client, next(namespaces))
    replayed = RedisCheckpoints(client, live.keys.of(next(namespaces)), 5)
    space = replayed._keys.namespace
    await RedisPlaces(client, live.keys, 5).note("namespace", [space])
    for store in (live.store, replayed):
        assert await store.write([write("ada", (0, 5, 0), partition=0)]) == [Verdict.ACCEPTED]
    [outcome] = await live.erasures.erase([Erasure("ada", 7, 0, (6,))])
    assert outcome == {live.keys.namespace: Removed(1, 1), space: Removed(1, 1)}
    for store in (live.store, replayed):
        assert await store.write([write("ada", (0, 5, 0), partition=0)]) == [Verdict.ERASED]
        assert await store.load(["ada"]) == [Erased("ada", 7, Erasure("ada", 7, 0, (6,)))]
        assert await store.write([write("ada", (0, 6, 0), partition=0, erasure=7)]) == [Verdict.ACCEPTED]
