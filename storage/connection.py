"""The connection to Redis: how it is made, how long it may take, and what its errors mean."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError

from streams.errors import SettingInvalid, StoreCorrupt, StoreUnavailable

Command = tuple[bytes | str | int, ...]


def connect(url: str, *, connections: int = 8) -> Redis:
    """A client for `ask`, which bounds its waits. It connects at its first command; `await client.aclose()` when done.

    While all of its connections are busy, calls wait for one. It never tries again by itself: the caller knows better
    when, and how often. SettingInvalid when the URL is none.
    """
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=None,  # `ask` bounds the wait together with the rest
            retry=Retry(NoBackoff(), 0),
            socket_timeout=None,  # a timer for each reply of a pipeline costs a third of the pipeline
            protocol=2,  # nothing to settle before the first command, and every server speaks it
        )
    except ValueError as exc:
        raise SettingInvalid("the Redis URL cannot be read", f"write it as redis://host:6379/0 ({exc})") from exc
    return Redis.from_pool(pool)


async def ask(client: Redis, commands: Sequence[Command], timeout_s: float) -> list[Any]:
    """Send the commands in one pipeline, no transaction, and return their replies in order.

    Raises StoreUnavailable, or StoreCorrupt for a key of another type than its command expects. One exception: where
    Redis does not know a script, NoScriptError stands in place of the reply.
    """
    if not commands:
        return []
    async with _answering(timeout_s):
        pipe = client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        replies: list[Any] = await pipe.execute(raise_on_error=False)
        for command, reply in zip(commands, replies, strict=True):
            if isinstance(reply, ResponseError) and not isinstance(reply, NoScriptError):
                await _leave_replica(client, reply)
                raise _corrupt(reply, command) or reply
        return replies


@asynccontextmanager
async def _answering(timeout_s: float) -> AsyncIterator[None]:
    """Bound what is done inside, and turn whatever goes wrong with Redis there into StoreUnavailable.

    A command that is cancelled or late closes its connection, so that no later one reads its reply.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as exc:
        raise StoreUnavailable(f"Redis did not answer within {timeout_s:g} s") from exc
    except (RedisError, OSError) as exc:
        raise StoreUnavailable(f"Redis: {type(exc).__name__}: {exc}") from exc


def _corrupt(error: ResponseError, command: Command) -> StoreCorrupt | None:
    """The error as one about a stored value, if it is one. write.lua answers CORRUPT and the key."""
    word, _, key = str(error).partition(" ")
    if word == "WRONGTYPE":
        return StoreCorrupt(str(command[1]), "it is of another Redis type")
    return StoreCorrupt(key, "it has another type or other fields") if word == "CORRUPT" else None


async def _leave_replica(client: Redis, error: ResponseError) -> None:
    """After a failover the address may name another server, but open connections stay with the old one: drop them."""
    if isinstance(error, ReadOnlyError) or "READONLY" in str(error):  # a script's error is of no class
        await client.connection_pool.disconnect(inuse_connections=False)
