"""A TCP proxy whose target can be changed: what a Redis service name is to clients when a replica takes over."""

import asyncio
import contextlib
from typing import Self

CHUNK = 65_536


class Proxy:
    """Listens on a free loopback port and passes on to `target`, a `host:port`."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where Redis clients find it."""
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def point(self, target: str) -> None:
        """Pass on to another server; connections to the old one end."""
        self._target = target
        self.cut()

    def cut(self) -> None:
        """End all connections."""
        for writer in self._open:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self._target.rpartition(":")
        try:
            there, to = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        self._open |= {writer, to}
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pass(reader, to))
                tasks.create_task(_pass(there, writer))
        finally:
            self._open -= {writer, to}


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()
