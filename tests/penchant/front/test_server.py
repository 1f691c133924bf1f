"""The server: it listens where it says, leaves signals alone, and ends with open streams."""

import asyncio
import signal
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from penchant.front.identity import Identities
from penchant.front.rules import HttpRules
from penchant.front.server import served
from sandbox.servers.server import LOOPBACK
from streams.errors import SettingInvalid

RULES = HttpRules()


async def endless() -> AsyncIterator[bytes]:
    """A stream that never ends by itself."""
    while True:
        yield b": still here\n\n"
        await asyncio.sleep(0.05)


async def stream(_: Request) -> StreamingResponse:
    """Of events."""
    return StreamingResponse(endless(), media_type="text/event-stream")


async def page(_: Request) -> PlainTextResponse:
    """Anything."""
    return PlainTextResponse("here")


APP = Starlette(routes=[Route("/", page), Route("/stream", stream)])


async def test_what_it_says_is_where_it_listens() -> None:
    """And afterwards it does not; the process's signals stay as they were."""
    before = signal.getsignal(signal.SIGTERM)
    async with httpx.AsyncClient() as client:
        async with served(APP, RULES, Identities(RULES, LOOPBACK), (LOOPBACK, 0)) as address:
            assert (await client.get(address)).text == "here"
            assert signal.getsignal(signal.SIGTERM) == before
        with pytest.raises(httpx.ConnectError):
            await client.get(address)


async def test_an_open_stream_does_not_hold_up_the_end() -> None:
    """It is cut off within the time for the end."""
    async with (
        httpx.AsyncClient() as client,
        served(APP, RULES, Identities(RULES, LOOPBACK), (LOOPBACK, 0)) as address,
        client.stream("GET", f"{address}/stream") as answer,
    ):
        assert (await anext(answer.aiter_bytes())).startswith(b": still here")


async def test_a_port_that_is_taken_is_named() -> None:
    """With what to do."""
    async with served(APP, RULES, Identities(RULES, LOOPBACK), (LOOPBACK, 0)) as address:
        port = int(address.rpartition(":")[2])
        with pytest.raises(SettingInvalid, match=f"cannot listen on {LOOPBACK} port {port}"):
            async with served(APP, RULES, Identities(RULES, LOOPBACK), (LOOPBACK, port)):
                pass
