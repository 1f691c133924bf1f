"""Connections to a model server. One that the server closed between two requests is no failure of a call."""

import asyncio
import socket
from collections import deque
from typing import Any

import httpx
from aiohappyeyeballs import start_connection

from clients.dialects.connection import Answer, BrokenConnection, Connection
from streams.tls import Tls, TlsContext

KEEP_ALIVE_S = 3.0
"""Shorter than the 5 s after which uvicorn, which most of these servers run on, closes an idle connection."""

NEXT_ADDRESS_S = 0.25
"""So long one address of a name is tried before the next one is tried beside it (RFC 8305)."""


class Unconnected(Exception):  # as the errors of streams/errors.py
    """No connection came about in time."""


class Connections:
    """Keeps connections for the next request, and makes a request once more on a new one where the kept one was closed
    before a byte of an answer came.

    Whoever asks bounds the wait; only connecting has a bound of its own. `end` ends what runs, too.
    """

    def __init__(self, url: httpx.URL, most: int, connect_timeout_s: float, tls: Tls) -> None:
        self._host, self._encrypted = url.raw_host.decode(), url.scheme == "https"
        self._port = url.port or (443 if self._encrypted else 80)
        self._infos = _numeric(self._host, self._port)
        self._timeout_s = connect_timeout_s
        self._tls = TlsContext(tls, httpx.create_ssl_context)
        self._room = asyncio.Semaphore(most)
        self._idle: deque[tuple[Connection, float]] = deque()  # the one that was used last stands last
        self._all: set[Connection] = set()
        self._closing: asyncio.TimerHandle | None = None
        self._closed = False

    async def ask(self, request: bytes, answer: Answer) -> None:
        """Send a request; returns when the answer has come in whole. Raises BrokenConnection, Unconnected, and what
        `answer` raises."""
        async with self._room:
            kept = self._kept()
            if kept is None or not await self._asked(kept, request, answer):
                await self._ask(await self._new(), request, answer)

    async def close(self) -> None:
        """Close all connections; what this breaks is not asked again."""
        self._closed = True
        self._idle.clear()
        if self._closing is not None:
            self._closing.cancel()
        for connection in self._all:
            connection.abort()
        self._all.clear()
        await asyncio.sleep(0)  # in which the transports close their sockets

    async def _asked(self, kept: Connection, request: bytes, answer: Answer) -> bool:
        """Whether the kept connection was still there."""
        try:
            await self._ask(kept, request, answer)
        except BrokenConnection as error:
            if self._closed or not error.unanswered:
                raise
            return False
        return True

    async def _ask(self, connection: Connection, request: bytes, answer: Answer) -> None:
        try:
            await connection.ask(request, answer)
        finally:
            self._put_back(connection)

    def _kept(self) -> Connection | None:
        since_s = asyncio.get_running_loop().time() - KEEP_ALIVE_S
        while self._idle:
            connection, idle_s = self._idle.pop()
            if connection.usable and idle_s > since_s:
                return connection
            self._drop(connection)
        return None

    async def _new(self) -> Connection:
        loop, tls = asyncio.get_running_loop(), self._tls
        tls.refresh()
        context, name = (tls.context, self._host.rstrip(".")) if self._encrypted else (None, None)
        try:
            async with asyncio.timeout(self._timeout_s):
                infos = self._infos or await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
                # asyncio's own way of trying several addresses loses a socket when it is cancelled (CPython 3.11).
                sock = await start_connection(infos, happy_eyeballs_delay=NEXT_ADDRESS_S)
                _, connection = await loop.create_connection(Connection, sock=sock, ssl=context, server_hostname=name)
        except TimeoutError as error:
            raise Unconnected(f"{self._host}:{self._port}") from error
        except (OSError, UnicodeError) as error:  # an ssl.SSLError; a name that none can be
            why = str(error) or type(error).__name__
            raise BrokenConnection(f"cannot connect to {self._host}:{self._port}: {why}") from error
        self._all.add(connection)
        return connection

    def _put_back(self, connection: Connection) -> None:
        if self._closed or not connection.usable:
            self._drop(connection)
            return
        loop = asyncio.get_running_loop()
        self._idle.append((connection, loop.time()))
        if self._closing is None:
            self._closing = loop.call_later(KEEP_ALIVE_S, self._close_idle)

    def _drop(self, connection: Connection) -> None:
        self._all.discard(connection)
        connection.close()

    def _close_idle(self) -> None:
        """Close those that nobody has used for long."""
        loop, self._closing = asyncio.get_running_loop(), None
        while self._idle and self._idle[0][1] <= loop.time() - KEEP_ALIVE_S:
            self._drop(self._idle.popleft()[0])
        if self._idle:
            self._closing = loop.call_at(self._idle[0][1] + KEEP_ALIVE_S, self._close_idle)


def _numeric(host: str, port: int) -> list[Any]:
    """The address that `host` is; none of a name, which is looked up for each connection, since it may move."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):  # a name; one that none can be is told by whoever connects
        return []
