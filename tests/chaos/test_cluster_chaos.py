"""Chaos on a real Redis Cluster: a failover within the lag, slots that move, erasures under load; and versions that
pack sessions otherwise. Workers are processes, Kafka and Triton are real."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.crc import key_slot

from sandbox.servers.redis import RedisServer
from sandbox.servers.server import LOOPBACK
from sandbox.shop.producer import EventProducer
from storage.erasures import RedisErasures
from storage.keys import Keys
from tests.chaos import newer
from tests.chaos.estate import PARTITIONS, Estate, estate
from tests.chaos.settled import NOT_THE_FOLD, settled
from tests.chaos.truth import read
from tests.e2e.shop import until
from tests.kafka import Kafka
from tests.redis_cluster import SLOTS, ask

SECONDS = 50.0
OVERSIZE_BYTES = 1_040_000
"""Larger than a letter may be, with all that its headers say."""

NEWER = "tests.chaos.newer"

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton, pytest.mark.timeout(400)]


async def test_a_cluster_loses_nothing(real_kafka: Kafka, tmp_path: Path) -> None:
    """A record too large for its letter, shoppers who are erased, a slot that moves and one that is left open, and a
    primary that dies a second ahead of its replica, all under load: in the end each shopper's context and intent are
    what the log says since the last erasure, and at no time did a worker call itself less than alive."""
    async with estate(real_kafka, tmp_path) as at:
        await at.hire()
        await at.hire()
        async with _probed(at):
            await _together(at.traffic(SECONDS), _faults(at))
        truth = await read(real_kafka.bootstrap, at.settings.kafka.topic, PARTITIONS)
        assert await settled(real_kafka, at.settings, truth) == []
        assert await _erased(at) >= 20
        for worker in at.workers:
            await at.dismiss(worker)
        dead = await read(real_kafka.bootstrap, at.settings.kafka.dead_letter_topic, 1)
        assert dead.ends[0] >= len(truth.refused) > 0


async def test_a_rolling_upgrade_and_its_rollback_stop_nobody(real_kafka: Kafka, tmp_path: Path) -> None:
    """Two workers become a version that packs sessions otherwise, one after the other, and go back, under load. All is
    covered and answered, every worker ends in order, and none was ever less than alive; who came after the rollback, or
    was never held by the later version, stands as the log says. Of the others the later version's history is lost."""
    async with estate(real_kafka, tmp_path) as at:
        await at.hire()
        await at.hire()
        async with _probed(at):
            await _together(at.traffic(SECONDS * 1.5), _roll(at))  # beyond the way back, on a busy machine too
        truth = await read(real_kafka.bootstrap, at.settings.kafka.topic, PARTITIONS)
        wrong = await settled(real_kafka, at.settings, truth, but=NOT_THE_FOLD)
        assert wrong == []
        for worker in at.workers[-2:]:
            await at.dismiss(worker)
        said = "".join(worker.log.read_text(encoding="utf-8") for worker in at.workers)
        assert "session.unreadable" in said


async def test_an_upgrade_changes_nothing(real_kafka: Kafka, tmp_path: Path) -> None:
    """The same without a way back: the later version reads what the one before has packed, and goes on from there."""
    async with estate(real_kafka, tmp_path) as at:
        await at.hire()
        async with _probed(at):
            await _together(at.traffic(25.0), _upgrade(at))
        truth = await read(real_kafka.bootstrap, at.settings.kafka.topic, PARTITIONS)
        assert await settled(real_kafka, at.settings, truth, newer.load) == []
        await at.dismiss(at.workers[-1])


@asynccontextmanager
async def _probed(at: Estate) -> AsyncIterator[None]:
    probing = asyncio.create_task(at.probes.run())
    try:
        yield
    finally:
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)
    assert at.probes.heard > SECONDS / 4
    assert not at.probes.failed


async def _together(*what: Awaitable[None]) -> None:
    await asyncio.gather(*what)


async def _faults(at: Estate) -> None:
    """One after the other, with time between to notice and to recover."""
    await asyncio.sleep(8)
    async with EventProducer(at.settings.kafka.options, at.settings.kafka.topic) as sender:
        await sender.send(b"x", b"{" + b"x" * OVERSIZE_BYTES)
    await _forget(at, range(20))
    await asyncio.sleep(3)
    await _move(at, key_slot(shopper(3).encode()))
    await asyncio.sleep(3)
    async with _open(at, key_slot(shopper(5).encode())):
        await asyncio.sleep(4)
    await _fail_over(at, number=1)
    await _forget(at, range(10, 30))


async def _forget(at: Estate, numbers: range) -> None:
    """`penchant forget` of some shoppers."""
    ids = at.folder / "ids"
    ids.write_text("".join(f"{shopper(number)}\n" for number in numbers))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "penchant.cli", "forget", "--file", str(ids), "--config", str(at.config)
    )
    assert await asyncio.wait_for(process.wait(), 60) == 0


async def _erased(at: Estate) -> int:
    """How many of the first thirty shoppers the store knows an erasure of."""
    client = at.settings.redis.connect()
    try:
        known = RedisErasures(client, Keys(at.settings.redis.namespace), 5)
        return sum(marker is not None for marker in await known.markers([shopper(number) for number in range(30)]))
    finally:
        await client.aclose()


def _ends(at: Estate, slot: int) -> tuple[RedisServer, RedisServer]:
    """The node that has a slot, and another one."""
    nodes = at.cluster.nodes
    number = next(number for number in range(len(nodes)) if slot < (number + 1) * SLOTS // len(nodes))
    return nodes[number], nodes[number - 1]


@asynccontextmanager
async def _open(at: Estate, slot: int) -> AsyncIterator[tuple[RedisServer, RedisServer]]:
    """A slot between two nodes."""
    source, target = _ends(at, slot)
    ids = [await ask(node, "CLUSTER MYID") for node in (source, target)]
    await ask(target, "CLUSTER SETSLOT", slot, "IMPORTING", ids[0])
    await ask(source, "CLUSTER SETSLOT", slot, "MIGRATING", ids[1])
    try:
        yield source, target
    finally:
        for node in (source, target):
            await ask(node, "CLUSTER SETSLOT", slot, "STABLE")


async def _move(at: Estate, slot: int) -> None:
    """A slot goes to another node, with all its keys."""
    async with _open(at, slot) as (source, target):
        while keys := await ask(source, "CLUSTER GETKEYSINSLOT", slot, 100):
            await ask(source, "MIGRATE", LOOPBACK, target.ports[0], "", 0, 5_000, "KEYS", *keys)
        there = await ask(target, "CLUSTER MYID")
        for node in (target, source, *at.cluster.nodes):
            await ask(node, "CLUSTER SETSLOT", slot, "NODE", there)


async def _fail_over(at: Estate, number: int) -> None:
    """A primary acknowledges for a second what its replica never sees, and dies; the replica takes over."""
    primary, replica = at.cluster.nodes[number], at.cluster.replicas[number]
    assert replica.pid is not None
    os.kill(replica.pid, signal.SIGSTOP)
    await ask(primary, "CLIENT KILL", "TYPE", "replica")
    await asyncio.sleep(1.0)
    await primary.kill()
    os.kill(replica.pid, signal.SIGCONT)

    async def promoted() -> bool:
        return bool((await ask(replica, "ROLE"))[0] == "master")

    await until(promoted, within_s=30)


async def _roll(at: Estate) -> None:
    """To the later version and back, one worker after the other."""
    for module in (NEWER, "penchant.cli"):
        for _ in range(2):
            await asyncio.sleep(6)
            leaving = at.workers[-2]
            await at.hire(module)
            await at.dismiss(leaving)


async def _upgrade(at: Estate) -> None:
    await asyncio.sleep(10)
    await at.hire(NEWER)
    await at.dismiss(at.workers[0])


def shopper(number: int) -> str:
    """The id of a simulated shopper."""
    return f"shopper-{number:05d}"
