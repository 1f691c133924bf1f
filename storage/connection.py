"""The connection to Redis: how it is made, how long it may take, and what its errors mean."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from hiredis import pack_command
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import PipelineCommand
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    MovedError,
    NoPermissionError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)

from storage.access import Access
from streams import address, tls
from streams.errors import SettingInvalid, StoreCorrupt, StoreForbids, StoreUnavailable

Command = tuple[bytes | str | int, ...]
Client = Redis | RedisCluster

CLOSE_S = 1.0
"""How long connections that are given up may take to close."""


UNANSWERED = (RedisError, RedisClusterException, OSError)
"""What redis-py raises; OSError is TimeoutError too."""

ANYBODY = Access()
"""No login but that of the URL, and the authorities that the system trusts."""


def connect(url: str, *, cluster: bool = False, connections: int = 8, access: Access = ANYBODY) -> Client:
    """A client for `ask`, which bounds its waits. It connects at its first command; `await client.aclose()` when done.

    While all of its connections are busy, calls wait for one; a cluster's client opens what it needs. It never tries
    again by itself: the caller knows better when, and how often. SettingInvalid when the URL or a file is invalid.
    """
    ours: dict[str, Any] = {
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": None,  # a timer for each reply of a pipeline costs a third of the pipeline
        "protocol": 2,  # nothing to settle before the first command, and every server speaks it
    }
    try:
        if cluster:
            return RedisCluster.from_url(url, **ours, **access.of_cluster(encrypted=url.startswith("rediss://")))
        pool = access.pool({**ours, **parse_url(url)}, connections)
        pool.connection_class(**pool.connection_kwargs)  # what the URL's query has and Redis has not is said now
    except (TypeError, ValueError, RedisClusterException):  # whose text may hold half a password
        remedy = f"write it as redis://[user:password@]host:6379/0; {address.ENCODE}"
        raise SettingInvalid("the Redis URL cannot be read", remedy) from None
    return Redis.from_pool(pool)


async def ask(client: Client, commands: Sequence[Command], timeout_s: float, *, singly: bool = False) -> list[Any]:
    """Send the commands in one pipeline, no transaction, and return their replies in order.

    Raises StoreUnavailable, or StoreCorrupt for a key of another type than its command expects. One exception: where
    Redis does not know a script, NoScriptError stands in place of the reply. With `singly` StoreUnavailable stands
    there too, where a part of a cluster did not answer while others did.
    """
    if not commands:
        return []
    try:
        async with asyncio.timeout(timeout_s):
            replies = await _replies(client, commands, timeout_s)
            if any(isinstance(reply, Exception) for reply in replies):
                await _judge(client, commands, replies, singly=singly)
            return replies
    except UNANSWERED as error:
        raise await _unanswered(client, error, timeout_s) from error


async def _judge(client: Client, commands: Sequence[Command], replies: list[Any], *, singly: bool) -> None:
    """Raise what a reply says that is an error, or let StoreUnavailable stand in its place."""
    failures = 0
    for at, (command, reply) in enumerate(zip(commands, replies, strict=True)):
        if not isinstance(reply, Exception) or isinstance(reply, NoScriptError):
            continue
        if isinstance(reply, ResponseError):
            await _leave_replica(client, reply)
            if corrupt := _corrupt(reply, command):
                raise corrupt
        if not singly or isinstance(client, Redis) or not isinstance(reply, RedisError | OSError):
            raise reply  # of one node, while others have answered
        replies[at] = StoreUnavailable(f"Redis: {type(reply).__name__}: {reply}")
        failures += 1
    if failures:
        await _look_again(client)


class Way(NamedTuple):
    """Where a node sends a command: the slot has moved there, or is about to."""

    moved: bool
    host: str
    port: int


async def _replies(client: Client, commands: Sequence[Command], timeout_s: float) -> list[Any]:
    """A cluster's client would follow redirections one after the other, and try an open slot again until the time is
    over. Here they are followed at once, within half of the time, and nobody waits for an open slot."""
    if isinstance(client, Redis):
        return await _pipelined(client, commands)
    replies = await _by_slot(client, commands)
    ways: dict[Way, list[int]] = {}
    for at, reply in enumerate(replies):
        if isinstance(reply, AskError):  # MovedError is one too
            ways.setdefault(Way(isinstance(reply, MovedError), reply.host, reply.port), []).append(at)
    if any(way.moved for way in ways):
        await client.aclose()  # the slots are elsewhere: it looks again
        await client.initialize()
    again = [_follow(client, way, [commands[at] for at in places], timeout_s / 2) for way, places in ways.items()]
    for places, answers in zip(ways.values(), await asyncio.gather(*again), strict=True):
        for at, reply in zip(places, answers, strict=True):
            replies[at] = reply
    return replies


async def _pipelined(client: Redis, commands: Sequence[Command]) -> list[Any]:
    """What redis-py's pipeline does, at two thirds of its cost: hiredis packs all commands at once."""
    pool, forms, replies = client.connection_pool, client.response_callbacks, list[Any]()
    connection = await pool.get_connection()  # type: ignore[no-untyped-call] # redis-py deprecates its arguments untyped
    try:
        await connection.send_packed_command(b"".join(pack_command(_words(command)) for command in commands))
        for command in commands:
            try:
                reply = await connection.read_response()
                form = forms.get(str(command[0]))
                replies.append(reply if form is None else form(reply))
            except ResponseError as error:
                replies.append(error)
    except BaseException:
        await connection.disconnect(nowait=True)  # no later command is to read these replies
        raise
    finally:
        await pool.release(connection)
    return replies


def _words(command: Command) -> Any:
    """A command of two words, which redis-py has as one name, as Redis wants it."""
    name = command[0]
    return (*name.split(), *command[1:]) if isinstance(name, str) and " " in name else command


async def _by_slot(client: RedisCluster, commands: Sequence[Command]) -> list[Any]:
    """The replies of the nodes that hold the slots, as far as the client knows; redirections stand among them."""
    pipe = client.pipeline(transaction=False)
    for command in commands:
        pipe.execute_command(*command)
    return await pipe.execute(raise_on_error=False, allow_redirections=False)


async def _follow(client: RedisCluster, way: Way, commands: Sequence[Command], within_s: float) -> list[Any]:
    """The replies of the node that a redirection names, or the errors that stand in their places."""
    try:
        async with asyncio.timeout(within_s):
            return await (_by_slot(client, commands) if way.moved else _asking(client, way, commands))
    except TimeoutError:
        return [TryAgainError("its slot is between two nodes")] * len(commands)
    except (RedisError, OSError) as error:
        return [error] * len(commands)


async def _asking(client: RedisCluster, way: Way, commands: Sequence[Command]) -> list[Any]:
    """ASKING counts for the next command of its connection alone, so both go down one connection. redis-py takes for
    each whichever is free, and with two of them is sent to and fro until it gives up."""
    node = client.get_node(way.host, way.port)
    if node is None:
        return [TryAgainError("its slot goes to a node that is new here")] * len(commands)
    sent = [PipelineCommand(at, *each) for at, command in enumerate(commands) for each in (("ASKING",), command)]
    await node.execute_pipeline(sent)
    return [each.result for each in sent[1::2]]


async def ask_primaries(client: Client, command: Command, timeout_s: float) -> list[Any]:
    """Send one command to every primary and return their replies, in the order of addresses; errors as with `ask`."""
    if isinstance(client, Redis):
        return await ask(client, [command], timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            await client.initialize()
            nodes = sorted(client.get_primaries(), key=lambda node: node.name)
            calls = [client.execute_command(*command, target_nodes=node) for node in nodes]
            replies = await asyncio.gather(*calls, return_exceptions=True)
            for reply in replies:
                if isinstance(reply, BaseException):
                    raise reply
            return replies
    except UNANSWERED as error:
        raise await _unanswered(client, error, timeout_s) from error


async def _unanswered(client: Client, error: Exception, timeout_s: float) -> StoreUnavailable:
    """What went wrong with Redis, in our words. A command that is cancelled or late closes its connection, so that no
    later one reads its reply."""
    if isinstance(error, TimeoutError):
        await _look_again(client)
        return StoreUnavailable(f"Redis did not answer within {timeout_s:g} s")
    if isinstance(error, MovedError):
        return StoreUnavailable("this Redis is of a cluster: set redis.cluster = true")
    if isinstance(error, NoPermissionError):
        return StoreForbids(f"Redis: NoPermissionError: {error}; give its user the rights of docs/security.md")
    await _look_again(client)
    return StoreUnavailable(f"Redis: {type(error).__name__}: {tls.cause(str(error)) or error}")


def _corrupt(error: ResponseError, command: Command) -> StoreCorrupt | None:
    """The error as one about a stored value, if it is one. write.lua answers CORRUPT and the key."""
    word, _, key = str(error).partition(" ")
    if "WRONGTYPE " in str(error):  # of a script, some servers say first where
        at = 3 if command[0] == "EVAL" else 1  # after the script and how many keys it has
        return StoreCorrupt(str(command[at]), "it is of another Redis type")
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
