"""The connection to Redis: how it is made, how long it may take, and what its errors mean."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    MovedError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from streams.errors import SettingInvalid, StoreCorrupt, StoreUnavailable

Command = tuple[bytes | str | int, ...]
Client = Redis | RedisCluster

CLOSE_S = 1.0
"""How long connections that are given up may take to close."""


def connect(url: str, *, cluster: bool = False, connections: int = 8) -> Client:
    """A client for `ask`, which bounds its waits. It connects at its first command; `await client.aclose()` when done.

    While all of its connections are busy, calls wait for one; a cluster's client opens what it needs. It never tries
    again by itself: the caller knows better when, and how often. SettingInvalid when the URL is none.
    """
    ours: dict[str, Any] = {
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": None,  # a timer for each reply of a pipeline costs a third of the pipeline
        "protocol": 2,  # nothing to settle before the first command, and every server speaks it
    }
    try:
        if cluster:
            return RedisCluster.from_url(url, **ours)
        # `ask` bounds the wait for a connection together with the rest
        pool = BlockingConnectionPool.from_url(url, max_connections=connections, timeout=None, **ours)
    except (ValueError, RedisClusterException) as exc:
        raise SettingInvalid("the Redis URL cannot be read", f"write it as redis://host:6379/0 ({exc})") from exc
    return Redis.from_pool(pool)


async def ask(client: Client, commands: Sequence[Command], timeout_s: float) -> list[Any]:
    """Send the commands in one pipeline, no transaction, and return their replies in order.

    Raises StoreUnavailable, or StoreCorrupt for a key of another type than its command expects. One exception: where
    Redis does not know a script, NoScriptError stands in place of the reply.
    """
    if not commands:
        return []
    async with _answering(client, timeout_s):
        pipe = client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        replies: list[Any] = await pipe.execute(raise_on_error=False)
        for command, reply in zip(commands, replies, strict=True):
            if isinstance(reply, ResponseError) and not isinstance(reply, NoScriptError):
                await _leave_replica(client, reply)
                raise _corrupt(reply, command) or reply
            if isinstance(reply, Exception) and not isinstance(reply, NoScriptError):
                raise reply  # of one node, while others have answered
        return replies


async def ask_primaries(client: Client, command: Command, timeout_s: float) -> list[Any]:
    """Send one command to every primary and return their replies, in the order of addresses; errors as with `ask`."""
    if isinstance(client, Redis):
        return await ask(client, [command], timeout_s)
    async with _answering(client, timeout_s):
        await client.initialize()
        nodes = sorted(client.get_primaries(), key=lambda node: node.name)
        calls = [client.execute_command(*command, target_nodes=node) for node in nodes]
        replies = await asyncio.gather(*calls, return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        return replies


@asynccontextmanager
async def _answering(client: Client, timeout_s: float) -> AsyncIterator[None]:
    """Bound what is done inside, and turn whatever goes wrong with Redis there into StoreUnavailable.

    A command that is cancelled or late closes its connection, so that no later one reads its reply.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as exc:
        await _look_again(client)
        raise StoreUnavailable(f"Redis did not answer within {timeout_s:g} s") from exc
    except MovedError as exc:
        raise StoreUnavailable("this Redis is of a cluster: set redis.cluster = true") from exc
    except (RedisError, RedisClusterException, OSError) as exc:
        await _look_again(client)
        raise StoreUnavailable(f"Redis: {type(exc).__name__}: {exc}") from exc


def _corrupt(error: ResponseError, command: Command) -> StoreCorrupt | None:
    """The error as one about a stored value, if it is one. write.lua answers CORRUPT and the key."""
    word, _, key = str(error).partition(" ")
    if word == "WRONGTYPE":
        return StoreCorrupt(str(command[1]), "it is of another Redis type")
    return StoreCorrupt(key, "it has another type or other fields") if word == "CORRUPT" else None


async def _look_again(client: Client) -> None:
    """After a failure another node may hold the slots: a cluster's client asks who does before its next command."""
    if isinstance(client, RedisCluster):
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await client.aclose()


async def _leave_replica(client: Client, error: ResponseError) -> None:
    """After a failover the address may name another server, but open connections stay with the old one: drop them."""
    if not isinstance(client, Redis):
        return  # it looks again
    if isinstance(error, ReadOnlyError) or "READONLY" in str(error):  # a script's error is of no class
        await client.connection_pool.disconnect(inuse_connections=False)
