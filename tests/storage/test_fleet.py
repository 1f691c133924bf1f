"""Heartbeats and switches, in memory and on a real Redis."""

from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from storage.fleet import FleetStore, RedisFleet, Seen
from storage.keys import Keys
from tests.fakes.fleet import MemoryFleet


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def store(request: pytest.FixtureRequest, namespaces: Iterator[str]) -> FleetStore:
    """The fleet in memory, and the one in Redis."""
    if request.param == "memory":
        return MemoryFleet()
    client: Redis = request.getfixturevalue("client")
    return RedisFleet(client, Keys(next(namespaces)), 5.0, ("pause", "rate"))


async def test_whoever_beats_sees_all(store: FleetStore) -> None:
    """The last beat of each worker, and every switch."""
    await store.throw("rate", b"5")
    await store.beat("w1", b"old")
    await store.beat("w2", b"two")
    seen = await store.beat("w1", b"new")
    assert seen == await store.read() == Seen({"rate": b"5"}, {"w1": b"new", "w2": b"two"})


async def test_switches_are_put_back_and_the_dead_are_buried(store: FleetStore) -> None:
    """Again is harmless."""
    await store.throw("pause", b"on")
    await store.beat("w1", b"there")
    for _ in range(2):
        await store.throw("pause", None)
        await store.bury(["w1", "nobody"])
    assert await store.read() == Seen()
