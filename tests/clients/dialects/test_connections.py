"""Connections that a server closes: between two requests that is no failure of a call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from clients.dialects.http import HttpServer
from streams.errors import ModelUnavailable
from tests.fakes.hanging_up_server import ANSWER, Habit, HangingUpServer

Start = Callable[[Habit], Awaitable[tuple[HangingUpServer, HttpServer]]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a server with such a habit, and a client of it."""
    async with AsyncExitStack() as stack:

        async def started(habit: Habit) -> tuple[HangingUpServer, HttpServer]:
            server = HangingUpServer(habit)
            await server.start()
            stack.push_async_callback(server.stop)
            client = HttpServer(httpx.URL(server.url), lambda _, text, __: ModelUnavailable(text), "")
            stack.push_async_callback(client.close)
            return server, client

        yield started


async def ask(server: HangingUpServer, client: HttpServer) -> list[bytes]:
    """The events of one call's answer."""
    events: list[bytes] = []
    async with client.calling(asyncio.get_running_loop().time() + 60.0):
        await client.stream(server.url, b"{}", events.extend)
    return events


@pytest.mark.parametrize("habit", ["after-each-answer", "at-the-second-request"])
async def test_calls_back_to_back_do_not_fail(start: Start, habit: Habit) -> None:
    """The server closes each connection, before or while the next request comes: every call has its answer."""
    server, client = await start(habit)
    for _ in range(200):
        assert await ask(server, client) == [ANSWER]


async def test_a_call_that_a_new_connection_drops_is_made_once(start: Start) -> None:
    """It was no idle connection that broke: the server would not answer, and may have begun to work."""
    server, client = await start("at-each-request")
    with pytest.raises(ModelUnavailable):
        await ask(server, client)
    assert (server.connections, server.requests) == (1, 1)


async def test_a_call_whose_answer_had_begun_is_made_once(start: Start) -> None:
    """Part of an answer's head is the server's word that it took the request."""
    server, client = await start("within-the-second-head")
    await ask(server, client)
    with pytest.raises(ModelUnavailable):
        await ask(server, client)
    assert server.requests == 2


async def test_the_second_try_is_the_last(start: Start) -> None:
    """It is made on a new connection, and fails as any call when nobody takes that."""
    server, client = await start("at-the-second-request")
    await ask(server, client)
    await server.stop()
    with pytest.raises(ModelUnavailable):
        await ask(server, client)
    assert server.requests == 2


@pytest.mark.parametrize("name", ["a..b", f"{'a' * 64}.b"])
async def test_a_host_that_no_name_can_be(name: str) -> None:
    """It cannot be connected to, and that is all that it breaks."""
    client = HttpServer(httpx.URL(f"http://{name}/v1"), lambda _, text, __: ModelUnavailable(text), "")
    with pytest.raises(ModelUnavailable, match="cannot connect"):
        async with client.calling(asyncio.get_running_loop().time() + 5.0):
            await client.get(f"http://{name}/v1")
    await client.close()
