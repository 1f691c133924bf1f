"""A server that answers every request with the same bytes, whatever they are, over plain sockets."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager


def answer(status: int, content: bytes, headers: Mapping[bytes, bytes]) -> bytes:
    """A whole answer as it goes over the wire."""
    lines = [b"HTTP/1.1 %d Canned" % status, b"Content-Length: %d" % len(content)]
    return b"\r\n".join([*lines, *(name + b": " + value for name, value in headers.items()), b"", content])


@asynccontextmanager
async def canned(said: bytes, heads: list[bytes] | None = None) -> AsyncIterator[str]:
    """The URL of such a server; `heads` takes the heads of the requests."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0))
                if heads is not None:
                    heads.append(head)
                writer.write(said)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
