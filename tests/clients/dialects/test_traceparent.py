"""A call that is traced tells its server so, in each dialect; any other call says nothing of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from msgspec import structs

from clients.calls import ModelClient
from clients.dialects.generate import GenerateClient
from clients.dialects.openai import OpenAIClient
from clients.dialects.triton import TritonClient
from tests.clients.asking import ask
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.scripted_calls import Turn
from tests.fakes.triton_headers import grpc_triton, http_triton

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STATE = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"

Served = AbstractAsyncContextManager[tuple[ModelClient, Callable[[], list[dict[str, str]]]]]


@asynccontextmanager
async def over_grpc() -> AsyncIterator[tuple[ModelClient, Callable[[], list[dict[str, str]]]]]:
    async with grpc_triton() as (address, headers):
        yield TritonClient(address), lambda: headers


@asynccontextmanager
async def over_http() -> AsyncIterator[tuple[ModelClient, Callable[[], list[dict[str, str]]]]]:
    async with http_triton() as (url, headers):
        yield GenerateClient(url), lambda: headers


@asynccontextmanager
async def of_openai() -> AsyncIterator[tuple[ModelClient, Callable[[], list[dict[str, str]]]]]:
    server = OpenAIServer()
    await server.start()
    try:
        lowered = lambda: [{name.lower(): text for name, text in each.items()} for each in server.headers]  # noqa: E731
        yield OpenAIClient(server.url), lowered
    finally:
        await server.stop()


@pytest.mark.parametrize("served", [over_grpc, over_http, of_openai])
async def test_a_traced_call_tells_its_server(served: Callable[[], Served]) -> None:
    """The header of W3C's Trace Context, as metadata of gRPC too."""
    async with served() as (client, headers):
        try:
            await client.complete(structs.replace(ask(Turn()), traceparent=TRACEPARENT, tracestate=STATE))
            await client.complete(ask(Turn()))
        finally:
            await client.close()
        traced, untraced = headers()
        assert traced["traceparent"] == TRACEPARENT
        assert traced["tracestate"] == STATE
        assert not {"traceparent", "tracestate"} & untraced.keys()
