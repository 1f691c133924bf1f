"""One connection: where an answer ends, what precedes and follows it, and what is no answer."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from clients.dialects.answers import StreamedAnswer
from clients.dialects.connection import LONGEST_HEAD, BrokenConnection, Connection
from clients.dialects.http import HttpServer
from clients.dialects.lines import OddWords
from streams.errors import ModelOverloaded, ModelUnavailable
from tests.fakes.canned_server import canned

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = STREAM + b"Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n"


class SilentTransport(asyncio.Transport):
    """Takes what is written, and is closed by either way of closing."""

    def __init__(self) -> None:
        super().__init__()
        self._closing = False

    def write(self, data: object) -> None:
        """To nobody."""

    def abort(self) -> None:
        """Close it."""
        self._closing = True

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self._closing


async def asked(said: bytes, times: int = 1) -> tuple[list[bytes], int]:
    """The events of so many calls to a server that says this to each, and how many requests it heard."""
    events, heads = list[bytes](), list[bytes]()
    async with canned(said, heads) as url:
        client = HttpServer(httpx.URL(url), lambda _, text, __: ModelUnavailable(text), "")
        try:
            for _ in range(times):
                async with client.calling(asyncio.get_running_loop().time() + 5.0):
                    await client.stream(url, b"{}", events.extend)
        finally:
            await client.close()
    return events, len(heads)


async def test_an_answer_in_chunks() -> None:
    """The connection is kept for the next call."""
    assert await asked(CHUNKED + b"\r\n", times=2) == ([b"1", b"2"] * 2, 2)


async def test_headers_behind_the_content_change_nothing() -> None:
    """A trailer comes too late to say what the content is."""
    assert (await asked(CHUNKED + b"Content-Type: application/json\r\n\r\n"))[0] == [b"1", b"2"]


async def test_interim_answers_are_none() -> None:
    """`100 Continue` precedes the answer, and its headers are not the answer's."""
    early = b"HTTP/1.1 100 Continue\r\nContent-Type: application/json\r\n\r\n"
    assert (await asked(early + CHUNKED + b"\r\n"))[0] == [b"1", b"2"]


async def test_an_answer_that_ends_with_its_connection() -> None:
    """As servers send that do not know its length; one that tells it has to keep its word."""

    async def serve(said: bytes) -> list[bytes]:
        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(said)
            writer.close()

        events: list[bytes] = []
        async with await asyncio.start_server(once, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            client = HttpServer(httpx.URL(url), lambda _, text, __: ModelUnavailable(text), "")
            try:
                async with client.calling(asyncio.get_running_loop().time() + 5.0):
                    await client.stream(url, b"{}", events.extend)
            finally:
                await client.close()
        return events

    assert await serve(STREAM + b"\r\ndata: 1\n\ndata: 2") == [b"1", b"2"]
    assert await serve(STREAM + b"Transfer-Encoding: identity\r\n\r\ndata: 1\n\n") == [b"1"]
    with pytest.raises(ModelUnavailable, match="closed the connection"):
        await serve(STREAM + b"Content-Length: 100\r\n\r\ndata: 1\n\n")


async def test_what_follows_an_answer_is_not_the_next_one() -> None:
    """A server that says more than it was asked for is asked again on a new connection."""
    whole = STREAM + b"Content-Length: 9\r\n\r\ndata: %d\n\n"
    assert (await asked(whole % 1 + whole % 2, times=3))[0] == [b"1"] * 3


@pytest.mark.parametrize("more", [b"ab", b"\r\n", b"HTTP/1.1 101 Later\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"])
@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"])
async def test_what_follows_an_answer_takes_nothing_from_it(more: bytes, close: bytes) -> None:
    """It has come whole, whether HTTP follows or not."""
    said = STREAM + close + b"Content-Length: 9\r\n\r\ndata: 1\n\n" + more
    assert (await asked(said, times=2))[0] == [b"1"] * 2


@pytest.mark.parametrize(
    "said",
    [
        STREAM.replace(b"\r\n", b"\n") + b"Content-Length: 9\n\ndata: 1\n\n",
        STREAM + b"X: a\r\n b\r\nY: \x01\r\nContent-Length: 9\r\n\r\ndata: 1\n\n",
        STREAM + b"Transfer-Encoding: chunked\r\n\r\n9  \r\ndata: 1\n\n\r\n0\r\n\r\n",
        STREAM + b"Content-Encoding: utf-8\r\nContent-Length: 9\r\n\r\ndata: 1\n\n",
        STREAM + b"Upgrade: h2,h2c\r\nConnection: Upgrade\r\nContent-Length: 9\r\n\r\ndata: 1\n\n",
    ],
    ids=["no-cr", "odd-headers", "blanks-in-chunk", "charset-as-encoding", "upgrade-offered"],
)
async def test_answers_of_old_servers(said: bytes) -> None:
    """They are against the rules of today, and can be understood."""
    assert (await asked(said))[0] == [b"1"]


async def test_a_compressed_answer() -> None:
    """None is asked for: the error says so. Of a refusal the status counts all the same."""
    head = b"HTTP/1.1 %d X\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"
    with pytest.raises(ModelUnavailable, match=r"compressed \(gzip\), though"):
        await asked(head % 200)
    with pytest.raises(ModelUnavailable, match=r"text is compressed: gzip"):
        await asked(head % 503)


@pytest.mark.parametrize(
    ("first", "piece", "error"),
    [
        (STREAM + b"X: ", b"x", "of headers"),
        (b"HTTP/1.1 200 ", b"x", "of headers"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "of headers"),
        (STREAM + b"Transfer-Encoding: chunked\r\n\r\n5;a=", b"x", "of headers"),
        (CHUNKED + b"X: ", b"x", "of headers"),
        (STREAM + b"\r\ndata: ", b"x", "a line of more than"),
        (STREAM + b"\r\n", b"data: %s\n\n" % (b"x" * 65_536), "of an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" ", "of an answer"),
    ],
    ids=["header", "reason", "interim", "chunk", "trailer", "line", "events", "whole"],
)
def test_an_answer_that_never_ends(first: bytes, piece: bytes, error: str) -> None:
    """It is left long before the deadline, whatever of it does not end."""
    kept, segment = Connection(), piece * (2**18 // len(piece))
    transport = SilentTransport()
    kept.connection_made(transport)

    async def main() -> None:
        asking = asyncio.create_task(kept.ask(b"", StreamedAnswer(lambda _: None)))
        await asyncio.sleep(0)
        kept.data_received(first)
        while not transport.is_closing():
            kept.data_received(segment)
        with pytest.raises((BrokenConnection, OddWords), match=error):
            await asking

    asyncio.run(main())


@pytest.mark.parametrize(
    "said",
    [
        STREAM + b"X: " + b"x" * LONGEST_HEAD + b"\r\n\r\n",
        STREAM + b"Content-Length: 9\r\nContent-Length: 8\r\n\r\ndata: 1\n\n",
        STREAM + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello",
        b"220 mail.example.org ESMTP\r\n",
    ],
    ids=["long-head", "two-lengths", "no-chunk", "upgrade", "no-http"],
)
async def test_no_answer(said: bytes) -> None:
    """It fails its call, and nothing is read of it."""
    with pytest.raises(ModelUnavailable, match="no HTTP"):
        await asked(said)


async def test_what_takes_the_events_in_may_refuse_them() -> None:
    """Its error is the call's, and the connection, of which more may come, is not used again."""
    heads: list[bytes] = []

    def refuse(_: Sequence[bytes]) -> None:
        raise ModelOverloaded("not now")

    async with canned(CHUNKED, heads) as url:  # without its end
        client = HttpServer(httpx.URL(url), lambda _, text, __: ModelUnavailable(text), "")
        for _ in range(2):
            with pytest.raises(ModelOverloaded, match="not now"):
                async with client.calling(asyncio.get_running_loop().time() + 5.0):
                    await client.stream(url, b"{}", refuse)
        await client.close()
    assert len(heads) == 2
