"""What only a real Redis can do to us: restart, stall, forget its scripts, hold rubbish, refuse to write."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.servers.redis import RedisServer
from storage.checkpoints import Context, Verdict
from storage.connection import connect
from storage.keys import Keys
from storage.scan import MEMBERS
from storage.writer import RedisCheckpoints
from streams.errors import StoreCorrupt, StoreForbids, StoreUnavailable
from tests.storage.sides import RedisSide, write

pytestmark = pytest.mark.redis


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """A server of the test's own, which it may hurt. It keeps its data over a restart."""
    async with RedisServer(tmp_path, appendonly=True) as server:
        yield server


@pytest.fixture
async def own(server: RedisServer) -> AsyncIterator[RedisSide]:
    """A store in that server."""
    async with connect(server.url) as client:
        yield RedisSide(client, "own", timeout_s=2)


async def test_a_restart_is_another_incarnation(server: RedisServer, own: RedisSide) -> None:
    """Even when nothing was lost; and the store works on by itself."""
    before = await own.store.incarnation()
    assert await own.store.write([write("ada", (0, 5, 0))]) == [Verdict.ACCEPTED]
    await server.restart()
    assert await own.store.incarnation() != before
    assert await own.store.write([write("ada", (0, 5, 0))]) == [Verdict.COVERED]


async def test_flushall_is_another_incarnation(own: RedisSide) -> None:
    """The server and its replication go on, but the data is gone, and all who ask are told the same."""
    before = await own.store.incarnation()
    await own.client.flushall()
    after = await own.store.incarnation()
    assert after != before
    assert await RedisCheckpoints(own.client, own.keys, 2).incarnation() == after


async def test_a_promoted_replica_is_another_incarnation(server: RedisServer, own: RedisSide, tmp_path: Path) -> None:
    """It holds the nonce of its primary, and is told apart all the same."""
    before = await own.store.incarnation()
    host, port = server.address.split(":")
    async with RedisServer(tmp_path / "replica") as replica, connect(replica.url) as client:
        await client.replicaof(host, port)
        async with asyncio.timeout(20):
            while (await client.info("replication"))["master_link_status"] != "up":  # noqa: ASYNC110 (Redis has no event)
                await asyncio.sleep(0.01)
        await client.replicaof("NO", "ONE")
        assert await client.get(own.keys.nonce) == await own.client.get(own.keys.nonce)
        assert await RedisCheckpoints(client, own.keys, 2).incarnation() != before


async def test_a_large_owed_set_is_read_some_at_a_time(own: RedisSide) -> None:
    """After an outage there are as many marks as shoppers: read at once, they would hold the loop for seconds."""
    names = [f"0:{number}:0:shopper-{number}" for number in range(5 * MEMBERS)]
    await own.store.owe(1, names)
    before = await own.client.info("commandstats")
    assert sorted(await own.store.owed(1)) == sorted(names)
    after = await own.client.info("commandstats")
    scans = [stats.get("cmdstat_sscan", {"calls": 0})["calls"] for stats in (before, after)]
    assert scans[1] - scans[0] >= 5
    assert after.get("cmdstat_smembers") == before.get("cmdstat_smembers")


async def test_a_server_that_is_away_is_unavailable(server: RedisServer, own: RedisSide) -> None:
    """Every method says so, and none takes a shopper for absent."""
    await own.store.load(["ada"])
    await server.kill()
    for call in (own.store.load(["ada"]), own.store.write([write()]), own.store.owe(1, ["ada"]),
                 own.store.settle(1, ["ada"]), own.store.owed(1), own.store.incarnation()):  # fmt: skip
        with pytest.raises(StoreUnavailable):
            await call


async def test_a_server_that_stalls_is_unavailable_in_time(server: RedisServer) -> None:
    """The bound holds on an open connection and on a new one, and late replies reach nobody."""
    async with connect(server.url) as client:
        store = RedisCheckpoints(client, Keys(), timeout_s=0.1)
        await store.write([write("ada"), write("bob", (0, 8, 0))])
        _signal(server, signal.SIGSTOP)
        try:
            for _ in range(3):
                with pytest.raises(StoreUnavailable, match="did not answer"):
                    await store.load(["ada"])
        finally:
            _signal(server, signal.SIGCONT)
        (context,) = await RedisCheckpoints(client, Keys(), timeout_s=5).load(["bob"])
        assert isinstance(context, Context)
        assert context.shopper == "bob"
        assert context.position.offset == 8


async def test_forgotten_scripts_are_sent_again(own: RedisSide) -> None:
    """A new or flushed server does not know the script; the caller does not notice."""
    await own.store.write([write("ada", (0, 5, 0))])
    await own.client.script_flush()
    verdicts = await own.store.write([write("ada", (0, 6, 0)), write("bob"), write("ada", (0, 4, 0))])
    assert verdicts == [Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.COVERED]


async def test_expiries_are_the_writes_own(own: RedisSide) -> None:
    """The intent and the context each end at their own time."""
    await own.store.write([write("ada", lives_ms=7_000_000, intent_lives_ms=3_000_000)])
    left_ms = [await own.client.pttl(key) for key in (own.keys.context("ada"), own.keys.intent("ada"))]
    assert 6_900_000 < left_ms[0] <= 7_000_000
    assert 2_900_000 < left_ms[1] <= 3_000_000


async def test_no_field_of_another_version_stays(own: RedisSide) -> None:
    """An intent hash holds what its last write put there, and nothing else."""
    await own.store.write([write("ada", (0, 5, 0))])
    await own.client.hset(own.keys.intent("ada"), "retired", "1")
    await own.store.write([write("ada", (0, 6, 0))])
    assert "retired" not in await own.intent_hash("ada")


@pytest.mark.parametrize(
    "field", ["lineage", "offset", "generation", "partition", "owner", "erasure", "owed", "session"]
)
async def test_a_context_that_lacks_a_field_is_not_absent(own: RedisSide, field: str) -> None:
    """It is corrupt, and the error names its key."""
    await own.store.write([write("ada")])
    await own.client.hdel(own.keys.context("ada"), field)
    with pytest.raises(StoreCorrupt, match=r"own:\{ada\}:context"):
        await own.store.load(["ada"])


@pytest.mark.parametrize("field", ["lineage", "offset", "generation", "partition", "owner"])
async def test_a_write_over_a_corrupt_context_writes_nothing(own: RedisSide, field: str) -> None:
    """Of what it is judged by, nothing may be missing; a write never repairs silently."""
    await own.store.write([write("ada", (0, 5, 0))])
    await own.client.hdel(own.keys.context("ada"), field)
    before = await own.client.hgetall(own.keys.context("ada")), await own.intent_hash("ada")
    with pytest.raises(StoreCorrupt, match=r"own:\{ada\}:context"):
        await own.store.write([write("ada", (0, 6, 0))])
    assert (await own.client.hgetall(own.keys.context("ada")), await own.intent_hash("ada")) == before


async def test_numbers_that_are_none_are_corrupt(own: RedisSide) -> None:
    """On both ways, and the key is named."""
    await own.store.write([write("ada")])
    await own.client.hset(own.keys.context("ada"), "offset", "many")
    for call in (own.store.load(["ada"]), own.store.write([write("ada", (0, 9, 0))])):
        with pytest.raises(StoreCorrupt, match=r"own:\{ada\}:context"):
            await call


async def test_an_intent_without_a_readable_position_is_corrupt(own: RedisSide) -> None:
    """Whether it is older cannot be known, so it is not overwritten."""
    await own.client.hset(own.keys.intent("ada"), "position", "yesterday")
    with pytest.raises(StoreCorrupt, match=r"own:\{ada\}:intent"):
        await own.store.write([write("ada")])
    assert await own.store.load(["ada"]) == [None]


@pytest.mark.parametrize("kind", ["context", "intent", "erasure"])
async def test_a_key_of_another_type_is_corrupt(own: RedisSide, kind: str) -> None:
    """A write names the key that is wrong, and writes none of the others."""
    await own.client.set(f"own:{{ada}}:{kind}", "a string")
    with pytest.raises(StoreCorrupt, match=rf"own:\{{ada\}}:{kind}"):
        await own.store.write([write("ada")])
    assert await own.client.keys("own:*") == [f"own:{{ada}}:{kind}".encode()]


@pytest.mark.parametrize("kind", ["context", "erasure"])
async def test_a_key_of_another_type_is_not_absent(own: RedisSide, kind: str) -> None:
    """A load names it too."""
    await own.client.set(f"own:{{ada}}:{kind}", "a string")
    with pytest.raises(StoreCorrupt, match=rf"own:\{{ada\}}:{kind}"):
        await own.store.load(["bob", "ada"])


async def test_a_full_server_is_unavailable(own: RedisSide) -> None:
    """Out of memory: nothing is written, not even half a checkpoint, and it is written once there is room."""
    await own.client.config_set("maxmemory-policy", "noeviction")
    await own.client.config_set("maxmemory", "1")
    with pytest.raises(StoreUnavailable, match=r"OOM|OutOfMemory"):
        await own.store.write([write("ada")])
    await own.client.config_set("maxmemory", "0")
    assert await own.client.keys("own:*") == []
    assert await own.store.write([write("ada")]) == [Verdict.ACCEPTED]


async def test_a_replica_is_unavailable_and_its_connections_are_left(own: RedisSide) -> None:
    """After a failover the address may name the new primary: only a new connection can find out."""
    await own.store.write([write("ada", (0, 5, 0))])
    await own.client.replicaof("127.0.0.1", "1")
    for call in (own.store.write([write("ada", (0, 6, 0))]), own.store.owe(1, ["ada"])):
        connection = await own.client.client_id()
        with pytest.raises(StoreUnavailable):
            await call
        assert await own.client.client_id() != connection


async def test_a_replica_without_its_primary_is_unavailable(own: RedisSide) -> None:
    """What it holds may be old, so nothing there counts as absent."""
    await own.client.config_set("replica-serve-stale-data", "no")
    await own.client.replicaof("127.0.0.1", "1")
    with pytest.raises(StoreUnavailable, match="MasterDown"):
        await own.store.load(["ada"])


async def test_one_error_among_many_replies_is_an_error(own: RedisSide) -> None:
    """A pipeline of which one command failed is unavailable as a whole, and can be written again; a right that is
    missing is named with the page of rights."""
    await own.store.write([write("cyd")])
    await own.client.acl_setuser("default", enabled=True, reset_keys=True, keys=["own:{ada}:*"])
    with pytest.raises(StoreForbids, match=r"NoPermission.*docs/security\.md"):
        await own.store.write([write("ada"), write("bob")])
    await own.client.acl_setuser("default", enabled=True, keys=["*"])
    assert await own.store.write([write("ada"), write("bob")]) == [Verdict.COVERED, Verdict.ACCEPTED]


def _signal(server: RedisServer, number: signal.Signals) -> None:
    assert server.pid
    os.kill(server.pid, number)
