"""Connections to a model server. One that the server closed between two requests is no failure of a call."""

from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
from yarl import URL

from streams.tls import Tls, TlsContext

KEEP_ALIVE_S = 3.0
"""Shorter than the 5 s after which uvicorn, which most of these servers run on, closes an idle connection."""

_reused: ContextVar[bool] = ContextVar("reused")


class Connections:
    """Keeps connections for the next request, and makes a request once more on a new one where the kept one was closed
    before a byte of an answer came. aiohttp does so for GET alone: it cannot know that a second POST does no harm.

    `headers` go with every request. Whoever asks bounds the wait; only connecting has a bound of its own.
    """

    def __init__(self, max_connections: int, connect_timeout_s: float, headers: dict[str, str], tls: Tls) -> None:
        self._max, self._headers = max_connections, headers
        self._tls = TlsContext(tls, httpx.create_ssl_context)
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s)
        self._closed = False
        self._kept: aiohttp.ClientSession | None = None
        self._new: aiohttp.ClientSession | None = None

    async def open(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> aiohttp.ClientResponse:
        """The answer's head; its content is still to be read, and the answer then to be released."""
        if self._kept is None:
            self._kept = self._session({"keepalive_timeout": KEEP_ALIVE_S})
        _reused.set(False)
        self._tls.refresh()
        try:
            return await self._ask(self._kept, method, url, body, headers)
        except aiohttp.ClientError as exc:
            if self._closed or not (_reused.get() and _unanswered(exc)):
                raise
        if self._new is None:
            self._new = self._session({"force_close": True})
        return await self._ask(self._new, method, url, body, headers)

    async def close(self) -> None:
        """Close all connections; what this breaks is not asked again."""
        self._closed = True
        for session in (self._kept, self._new):
            if session is not None:
                await session.close()

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, url: str, body: bytes | None, headers: dict[str, str]
    ) -> aiohttp.ClientResponse:
        where = URL(url, encoded=True)
        return await session.request(method, where, data=body, headers=headers, allow_redirects=False)

    def _session(self, keeping: dict[str, Any]) -> aiohttp.ClientSession:
        """Made late, since it belongs to the loop that runs then."""
        connector = aiohttp.TCPConnector(limit=self._max, ssl=self._tls.context, **keeping)
        return aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_tracing()],
        )


def _tracing() -> aiohttp.TraceConfig:
    """Notes that a request took a connection that was there; aiohttp runs this in the request's own task."""

    async def note(*_: object) -> None:
        _reused.set(True)

    config: aiohttp.TraceConfig = aiohttp.TraceConfig(SimpleNamespace)
    config.on_connection_reuseconn.append(note)
    return config


def _unanswered(error: aiohttp.ClientError) -> bool:
    """Whether a connection ended before any of the answer's head came: what came of it is the error's message."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)
    return isinstance(error, aiohttp.ClientOSError) and not isinstance(error, aiohttp.ClientConnectorError)
