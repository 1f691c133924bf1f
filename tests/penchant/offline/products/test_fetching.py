"""Images fetched from a real TLS server on loopback: each refusal, and that the address looked at is connected to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from agents.products.images import ImageRefused, ProductRules, is_public
from penchant.offline.products.fetching import ImageFetcher
from sandbox.servers.authority import Authority

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100
MOST = 2_048


def answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    """A response of HTTP/1.1 that closes."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


ANSWERS = {
    "/a.png": answer("200 OK", "Content-Type: text/html", f"Content-Length: {len(PNG)}", body=PNG),
    "/away": answer("302 Found", "Location: https://127.0.0.1/", "Content-Length: 0"),
    "/none": answer("404 Not Found", "Content-Length: 0"),
    "/page": answer("200 OK", "Content-Type: image/png", body=b"<html>not an image</html>"),
    "/large": answer("200 OK", body=PNG + b"\x00" * MOST),
    "/endless": answer("200 OK", "Content-Length: 99999999999", body=PNG + b"\x00" * MOST * 4),
    "/packed": answer("200 OK", "Content-Encoding: gzip", body=b"\x1f\x8b" + PNG),
    "/broken": b"hello\r\n\r\n",
}


class Door:
    """A TLS server that answers by path; `asked` are the requests that it read."""

    def __init__(self, port: int) -> None:
        self.port, self.asked = port, list[str]()

    def url(self, path: str) -> str:
        """By name."""
        return f"https://localhost:{self.port}{path}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs the server's certificate."""
    return Authority(tmp_path_factory.mktemp("authority"))


@asynccontextmanager
async def door(authority: Authority) -> AsyncIterator[Door]:
    """Open until the end."""
    made = authority.issue("images")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(made.cert, made.key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = (await reader.readuntil(b"\r\n\r\n")).decode()
            found.asked.append(asked)
            path = asked.split(" ")[1]
            if path == "/slow":
                await asyncio.sleep(60)
            writer.write(ANSWERS.get(path, ANSWERS["/none"]))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    found = Door(server.sockets[0].getsockname()[1])
    try:
        yield found
    finally:
        server.close()


def fetcher(
    port: int, authority: Authority | None, allows: Callable[[str], bool], within_s: float = 30.0
) -> ImageFetcher:
    """By rules that name this server."""
    rules = ProductRules(image_hosts=(f"localhost:{port}",), image_bytes=MOST, image_timeout_s=within_s)
    return ImageFetcher(rules, allows, lambda: ssl.create_default_context(cafile=authority.ca if authority else None))


def loopback(address: str) -> bool:
    """Instead of the open internet, this machine."""
    return address in {"127.0.0.1", "::1"}


async def refusal(asked: Awaitable[object]) -> str:
    """Why it is none."""
    with pytest.raises(ImageRefused) as refused:
        await asked
    return str(refused.value)


async def test_an_image_is_fetched_by_its_name(authority: Authority) -> None:
    """Its type is what its bytes are; the server is asked as the host that the URL names, without cookies or keys."""
    async with door(authority) as server:
        fetch = fetcher(server.port, authority, loopback)
        image = await fetch(server.url("/a.png"))
        assert (image.media_type, image.data) == ("image/png", PNG)
        head = server.asked[0].lower()
        assert f"host: localhost:{server.port}" in head
        assert "authorization" not in head
        assert "referer" not in head


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/away", "302; redirects are not followed"),
        ("/none", "404"),
        ("/page", "no PNG, JPEG or WebP"),
        ("/large", "more than 2,048 bytes"),
        ("/endless", "more than 2,048 bytes"),
        ("/packed", "compressed"),
        ("/broken", "cannot be read: RemoteProtocolError"),
    ],
)
async def test_what_is_no_image_is_refused(authority: Authority, path: str, why: str) -> None:
    """In one request."""
    async with door(authority) as server:
        assert why in await refusal(fetcher(server.port, authority, loopback)(server.url(path)))
        assert len(server.asked) == 1


async def test_a_private_address_is_never_connected_to(authority: Authority) -> None:
    """A host on the list whose name leads here: by the rule in force nothing is asked."""
    async with door(authority) as server:
        why = await refusal(fetcher(server.port, authority, is_public)(server.url("/a.png")))
        assert "not public" in why
        assert server.asked == []


async def test_one_private_address_of_several_is_enough(authority: Authority) -> None:
    """A name that leads to both kinds could be asked again until it leads to the other."""
    seen: list[str] = []

    def first_alone(address: str) -> bool:
        seen.append(address)
        return False

    async with door(authority) as server:
        assert "not public" in await refusal(fetcher(server.port, authority, first_alone)(server.url("/a.png")))
        assert seen
        assert server.asked == []


async def test_a_stranger_s_certificate_and_a_slow_server_are_refused(authority: Authority) -> None:
    """Within the time that one image may take."""
    async with door(authority) as server:
        assert "ConnectError" in await refusal(fetcher(server.port, None, loopback)(server.url("/a.png")))
        assert "longer than" in await refusal(fetcher(server.port, authority, loopback, 1.0)(server.url("/slow")))
        other = fetcher(server.port + 1, authority, loopback)(server.url("/a.png"))
        assert "image_hosts" in await refusal(other)
