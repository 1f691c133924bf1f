"""Whatever a server answers, or does not, is StoreUnavailable and never an absent shopper."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from sandbox.servers.redis import RedisServer
from storage.connection import connect
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.errors import SettingInvalid, StoreUnavailable


@asynccontextmanager
async def answering(reply: bytes) -> AsyncIterator[str]:
    """A server that answers whatever it is asked with the same bytes, then hangs up; yields its URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(4_096):
            writer.write(reply)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"redis://{host}:{port}/0"


@asynccontextmanager
async def hanging() -> AsyncIterator[str]:
    """A server that takes connections and says nothing; yields its URL."""

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4_096):
            pass
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(wait, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"redis://{host}:{port}/0"


CALLS: dict[str, Callable[[RedisCheckpoints], Awaitable[object]]] = {
    "load": lambda store: store.load(["ada"]),
    "owe": lambda store: store.owe(1, ["ada"]),
    "settle": lambda store: store.settle(1, ["ada"]),
    "owed": lambda store: store.owed(1),
    "incarnation": lambda store: store.incarnation(),
}
REPLIES = {
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "cluster down": b"-CLUSTERDOWN The cluster is down\r\n",
    "moved": b"-MOVED 3999 127.0.0.1:6381\r\n",
    "try again": b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
    "busy": b"-BUSY Redis is busy running a script.\r\n",
    "disk full": b"-MISCONF Redis is configured to save RDB snapshots, but is unable to persist to disk.\r\n",
    "no password": b"-NOAUTH Authentication required.\r\n",
    "unknown": b"-ERR something nobody has seen before\r\n",
    "half a reply": b"*7\r\n$1\r\n0\r\n",
    "no Redis": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("reply", REPLIES)
async def test_a_server_that_cannot_serve_is_unavailable(reply: str, call: str) -> None:
    """Each reply of a Redis in trouble, to each kind of call."""
    async with answering(REPLIES[reply] * 4) as url, connect(url) as client:
        with pytest.raises(StoreUnavailable):
            await CALLS[call](RedisCheckpoints(client, Keys(), timeout_s=5))


async def test_a_caller_who_is_cancelled_is_cancelled() -> None:
    """Cancellation is not an outage, and passes."""
    async with answering(b"") as url, connect(url) as client:
        call = asyncio.create_task(RedisCheckpoints(client, Keys(), timeout_s=5).load(["ada"]))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


@pytest.mark.redis
async def test_calls_wait_for_a_connection(redis_server: RedisServer) -> None:
    """The pool has a size, and many calls at once are no outage: a mark that is not removed costs a call."""
    async with connect(redis_server.url, connections=2) as client:
        store = RedisCheckpoints(client, Keys("waiting"), timeout_s=5)
        assert await asyncio.gather(*(store.load(["ada"]) for _ in range(20))) == [[None]] * 20


async def test_a_wait_for_a_connection_is_bounded() -> None:
    """A server that hangs holds up those who wait behind it no longer than those it has."""
    async with hanging() as url, connect(url, connections=1) as client:
        store = RedisCheckpoints(client, Keys(), timeout_s=0.05)
        results = await asyncio.gather(*(store.load(["ada"]) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(result, StoreUnavailable) for result in results)


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", ""])
def test_a_url_that_is_none_is_a_setting(url: str) -> None:
    """It stops the start with the way to write it."""
    with pytest.raises(SettingInvalid, match="redis://"):
        connect(url)


@pytest.mark.parametrize("url", ["localhost:6379", "unix:///run/redis.sock", "redis://localhost/3"])
def test_a_url_that_is_none_of_a_cluster_is_a_setting(url: str) -> None:
    """A cluster has neither sockets nor other databases."""
    with pytest.raises(SettingInvalid, match="redis://"):
        connect(url, cluster=True)


async def test_a_cluster_that_is_away_is_unavailable() -> None:
    """As one server is."""
    async with answering(b"") as url:
        client = connect(url, cluster=True)
        for call in CALLS.values():
            with pytest.raises(StoreUnavailable):
                await call(RedisCheckpoints(client, Keys(), timeout_s=5))
        await client.aclose()
