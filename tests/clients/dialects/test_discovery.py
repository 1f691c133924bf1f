"""Finding out what speaks at a URL."""

import asyncio

import pytest

from clients.dialects.discovery import connect
from clients.dialects.triton import TritonClient
from sandbox.servers.server import free_ports
from streams.errors import ContractMismatch, DeadlinePassed, ModelUnavailable
from tests.clients.asking import ask
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.scripted_calls import Turn
from tests.fakes.scripted_triton import ScriptedTriton


@pytest.mark.triton
async def test_triton_by_its_ports(scripted_triton: ScriptedTriton) -> None:
    """Both ports of a Triton are recognised, and the model is that of its repository which takes a text."""
    for url, way in ((scripted_triton.grpc_address, ""), (scripted_triton.http_url, ", over HTTP")):
        client = connect(url)
        assert (await client.probe()).endswith(f"model ensemble{way}")
        assert (await client.complete(ask(Turn(("yes",))))).model == "ensemble"
        await client.close()


async def test_openai_by_its_url(openai_server: OpenAIServer) -> None:
    """An OpenAI-compatible server is recognised, with `/v1` or without; so it is by the first call, unprobed."""
    for url in (openai_server.url, openai_server.url.removesuffix("/v1")):
        client = connect(url)
        assert (await client.probe()).startswith("OpenAI-compatible server")
        await client.close()
    client = connect(openai_server.url)
    assert (await client.complete(ask(Turn(("yes",))))).text == "yes"
    await client.close()


async def test_another_server() -> None:
    """A server that is neither stops the start, and the reasons for each are told; a call is only unavailable."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        client = connect(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(ContractMismatch, match=r"no dialect fits: 127.*; 127.*\n  remedy: "):
            await client.probe()
        with pytest.raises(ModelUnavailable):
            await client.complete(ask(Turn()))
        await client.close()


async def test_a_server_that_says_nothing() -> None:
    """Finding out is part of the first call: it ends by its deadline."""

    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(nothing, "127.0.0.1", 0) as server:
        client = connect(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(DeadlinePassed):
            await client.complete(ask(Turn(), within_s=0.2))
        await client.close()


async def test_dialects_that_are_given() -> None:
    """Given a dialect, nothing else is tried; host:port without one is Triton's gRPC."""
    port = free_ports(1)[0]
    for url, dialect in ((f"127.0.0.1:{port}", "auto"), (f"127.0.0.1:{port}", "triton")):
        client = connect(url, dialect)  # type: ignore[arg-type] # one of them, in a loop
        assert isinstance(client, TritonClient)
        await client.close()
    server = OpenAIServer()
    await server.start()
    client = connect(server.url, "openai-completions")
    await client.complete(ask(Turn()))
    assert server.asked[-1].path == "/v1/completions"
    await client.close()
    client = connect(server.url, "triton-http")
    with pytest.raises(ContractMismatch, match="404"):
        await client.probe()
    await client.close()
    await server.stop()
