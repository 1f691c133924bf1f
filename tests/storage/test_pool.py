"""The connections at hand: taken again while they are sound, and nobody waits while one is free."""

import asyncio

import pytest
from redis.asyncio import Redis

from sandbox.servers.redis import RedisServer
from storage.connection import ask, connect
from storage.pool import ReadyPool

WITHIN_S = 5.0


@pytest.mark.redis
async def test_the_connection_that_came_back_last_is_taken_again(redis_server: RedisServer) -> None:
    """Unless it was closed, or is to be: then there is another."""
    pool = ReadyPool(**Redis.from_url(redis_server.url).connection_pool.connection_kwargs)
    first = await pool.get_connection()
    await pool.release(first)
    assert await pool.get_connection() is first
    await pool.release(first)
    await pool.disconnect(inuse_connections=False)
    assert not first.is_connected
    again = await pool.get_connection()
    assert again.is_connected
    await pool.release(again)
    await pool.disconnect()
    assert not again.is_connected


@pytest.mark.redis
async def test_all_that_came_back_are_at_hand(redis_server: RedisServer) -> None:
    """redis-py hears of none of them, and the one that came back last is taken first; all are closed in the end."""
    options = Redis.from_url(redis_server.url).connection_pool.connection_kwargs
    pool = ReadyPool(**{**options, "max_connections": 2, "timeout": WITHIN_S})
    first, second = await pool.get_connection(), await pool.get_connection()
    await pool.release(second)
    await pool.release(first)
    assert not pool.can_get_connection()
    assert [await pool.get_connection(), await pool.get_connection()] == [first, second]
    await pool.release(first)
    await pool.release(second)
    await pool.disconnect(inuse_connections=False)
    assert not first.is_connected
    assert not second.is_connected


@pytest.mark.redis
async def test_when_one_is_dead_all_at_hand_are_made_anew(redis_server: RedisServer) -> None:
    """Their host may be gone without a word: whoever calls after the first failure meets no other one."""
    options = Redis.from_url(redis_server.url).connection_pool.connection_kwargs
    pool = ReadyPool(**{**options, "max_connections": 4, "timeout": WITHIN_S})
    found = [await pool.get_connection() for _ in range(4)]
    for connection in found[1:]:
        await pool.release(connection)
    await found[-1].disconnect()  # as after a timeout
    again = await pool.get_connection()
    assert again.is_connected
    assert [each.is_connected for each in found if each is not again] == [True, False, False]  # the first is in use
    for connection in (again, found[0]):
        await pool.release(connection)
    await pool.disconnect()


@pytest.mark.redis
async def test_who_waits_for_a_connection_gets_the_one_that_comes_back(redis_server: RedisServer) -> None:
    """It does not stay at hand then."""
    options = Redis.from_url(redis_server.url).connection_pool.connection_kwargs
    pool = ReadyPool(**{**options, "max_connections": 1, "timeout": WITHIN_S})
    only = await pool.get_connection()
    waiting = asyncio.create_task(pool.get_connection())
    await asyncio.sleep(0)
    await pool.release(only)
    assert await waiting is only
    await pool.disconnect()


@pytest.mark.redis
@pytest.mark.parametrize("steps", range(1, 6))
async def test_whoever_is_cancelled_closes_all_the_same(redis_server: RedisServer, steps: int) -> None:
    """Those at hand and those in use, at whichever step it is."""
    options = Redis.from_url(redis_server.url).connection_pool.connection_kwargs
    pool = ReadyPool(**{**options, "max_connections": 4, "timeout": WITHIN_S})
    found = [await pool.get_connection() for _ in range(4)]
    for connection in found[1:]:
        await pool.release(connection)
    closing = asyncio.create_task(pool.disconnect())
    for _ in range(steps):
        await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    assert [each.is_connected for each in found] == [False] * 4


@pytest.mark.redis
async def test_a_connection_that_the_server_has_closed_is_made_anew(redis_server: RedisServer) -> None:
    """Nobody hears of it."""
    async with connect(redis_server.url) as client, connect(redis_server.url) as other:
        [number] = await ask(client, [("CLIENT ID",)], WITHIN_S)
        assert await ask(client, [("CLIENT ID",)], WITHIN_S) == [number]
        await ask(other, [("CLIENT KILL", "ID", number)], WITHIN_S)
        await asyncio.sleep(0.05)  # until the end of the stream has come
        assert await ask(client, [("CLIENT ID",)], WITHIN_S) != [number]
