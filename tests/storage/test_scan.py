"""Scans for shoppers: all of them, or among so many keys and no more."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from sandbox.servers.redis import RedisServer
from storage.connection import Client, connect
from storage.keys import Keys
from storage.scan import CHUNK, shoppers

pytestmark = pytest.mark.redis

OTHERS, INTENTS = 4_000, 40


@pytest.fixture
async def client(redis_server: RedisServer) -> AsyncIterator[Client]:
    """Of a Redis with many keys of others."""
    redis: Redis = Redis.from_url(redis_server.url)
    prefix = uuid4().hex
    async with redis.pipeline(transaction=False) as pipe:
        for number in range(OTHERS):
            pipe.set(f"{prefix}:{number}", "x", ex=60)
        await pipe.execute()
    await redis.aclose()
    opened = connect(redis_server.url)
    yield opened
    await opened.aclose()


async def test_a_namespace_of_few_is_not_searched_to_the_end(client: Client) -> None:
    """Of any kind so many keys are looked at; without that bound everybody is found."""
    keys = Keys(f"scan-{uuid4().hex[:8]}")
    for number in range(INTENTS):
        await client.execute_command("HSET", keys.intent(f"ada {number}"), "doc", "{}")
        await client.execute_command("HSET", keys.context(f"ada {number}"), "owed", "0")
    whole = [name async for some in shoppers(client, keys, 1_000) for name in some]
    assert set(whole) == {f"ada {number}" for number in range(INTENTS)}
    assert len([name async for some in shoppers(client, keys, 7) for name in some]) == 7
    before = await _scans(client)
    bounded = [name async for some in shoppers(client, keys, 1_000, 2 * CHUNK) for name in some]
    assert await _scans(client) - before <= 4
    assert set(bounded) < set(whole)


async def _scans(client: Client) -> int:
    stats = await client.info("commandstats")
    return int(stats.get("cmdstat_scan", {"calls": 0})["calls"])
