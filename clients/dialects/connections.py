"""Connections to a model server. One that the server closed between two requests is no failure of a call.

httpx runs on aiohttp's transport, which takes a tenth of the CPU of its own when many calls are in flight.
"""

from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

KEEP_ALIVE_S = 3.0
"""Shorter than the 5 s after which uvicorn, which most of these servers run on, closes an idle connection."""

_reused: ContextVar[bool] = ContextVar("reused")


class Connections(httpx.AsyncBaseTransport):
    """Keeps connections for the next request, and makes a request once more on a new one where the kept one was closed
    before a byte of an answer came. aiohttp does so for GET alone: it cannot know that a second POST does no harm."""

    def __init__(self, max_connections: int) -> None:
        verify = httpx.create_ssl_context()

        def session(*, once: bool) -> aiohttp.ClientSession:
            keeping: dict[str, Any] = {"force_close": True} if once else {"keepalive_timeout": KEEP_ALIVE_S}
            connector = aiohttp.TCPConnector(limit=max_connections, ssl=verify, **keeping)
            return aiohttp.ClientSession(connector=connector, trace_configs=[_tracing()])

        self._closed = False
        self._kept = AiohttpTransport(verify=verify, client=lambda: session(once=False))
        self._new = AiohttpTransport(verify=verify, client=lambda: session(once=True))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's head, and its content as a stream."""
        _reused.set(False)
        try:
            return await self._kept.handle_async_request(request)
        except httpx.TransportError as exc:
            if self._closed or not (_reused.get() and _unanswered(exc.__cause__)):
                raise
        return await self._new.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections; what this breaks is not asked again."""
        self._closed = True
        await self._kept.aclose()
        await self._new.aclose()


def _tracing() -> aiohttp.TraceConfig:
    """Notes that a request took a connection that was there; aiohttp runs this in the request's own task."""

    async def note(*_: object) -> None:
        _reused.set(True)

    config: aiohttp.TraceConfig = aiohttp.TraceConfig(SimpleNamespace)
    config.on_connection_reuseconn.append(note)
    return config


def _unanswered(error: BaseException | None) -> bool:
    """Whether a connection ended before any of the answer's head came: what came of it is the error's message."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)
    return isinstance(error, aiohttp.ClientOSError) and not isinstance(error, aiohttp.ClientConnectorError)
