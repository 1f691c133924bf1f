"""What is said of TLS that fails."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from clients.dialects.access import Access
from clients.dialects.openai import OpenAIClient
from streams.errors import ModelUnavailable
from streams.tls import Tls, suspicion
from tests.clients.asking import ask
from tests.fakes.scripted_calls import Turn

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
MODELS = b'{"data":[{"id":"m"}]}'


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Lists one model."""
    await reader.read(1)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    writer.write(head % len(MODELS) + MODELS)
    writer.close()


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate of its own for 127.0.0.1 and model.test, which stands in `cert.pem`."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subject = ("-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:model.test")
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, *subject)
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


async def said(url: str) -> str:
    """What a probe and a call say of a server, which is the same."""
    client = OpenAIClient(url)
    try:
        with pytest.raises(ModelUnavailable) as call:
            await client.complete(ask(Turn()))
        with pytest.raises(ModelUnavailable, match=r"(?s).") as probe:
            await client.probe()
        assert str(call.value) == str(probe.value)
        return str(probe.value)
    finally:
        await client.close()


@pytest.mark.slow
async def test_a_certificate_of_an_unknown_ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to make it known, which then helps."""
    context = certificate(tmp_path)
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        assert "set tls.ca_file" in await said(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        client = OpenAIClient(url)
        assert (await client.probe()).endswith("model m")
        await client.close()


async def test_tls_on_a_plain_port() -> None:
    """The message says so."""
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        assert "nobody speaks TLS there" in await said(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")


class OneHost(asyncio.SelectorEventLoop):
    """A loop for which every name is this machine's."""

    async def getaddrinfo(self, *asked: Any, **_: Any) -> Any:
        """The address of any name; asked for are a name and a port."""
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", asked[1]))]


@pytest.mark.slow
def test_a_name_with_a_dot_at_its_end(tmp_path: Path) -> None:
    """It is whole, so that nothing is looked for behind it; certificates have it without the dot."""
    context = certificate(tmp_path)

    async def main() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
            url = f"https://model.test.:{server.sockets[0].getsockname()[1]}/v1"
            client = OpenAIClient(url, access=Access(tls=Tls(ca_file=tmp_path / "cert.pem")))
            assert (await client.probe()).endswith("model m")
            await client.close()

    with asyncio.Runner(loop_factory=OneHost) as runner:
        runner.run(main())


async def test_a_server_that_hangs_up() -> None:
    """As one does that expects TLS, or our certificate: what is said of it lets that be suspected."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        for scheme, encrypted in (("http", False), ("https", True)):
            assert suspicion(await said(f"{scheme}://{address}"), encrypted=encrypted)
