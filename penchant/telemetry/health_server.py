"""Health: the HTTP endpoint that answers probes and tells metrics.

It runs in a thread with an event loop of its own. In the worker's loop a probe would wait behind ingest, and behind
whatever holds that loop: an orchestrator would then restart workers for being busy, and learn nothing of one that is
stuck. From here the answer comes at once, and says since when the worker's loop stands still.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from agents.health.probes import Health, Judgement
from agents.worker.instruments import Instruments
from penchant.settings import operation
from penchant.telemetry.metrics.exposition import exposition
from streams.errors import SettingInvalid

END_WITHIN_S = 2.0
"""How long answers under way may take at the end."""

Page = Callable[[], web.Response]


@asynccontextmanager
async def endpoint(settings: operation.Health, instruments: Instruments) -> AsyncIterator[None]:
    """Answer `/ready`, `/alive` and `/metrics` while the block runs; nothing without a port.

    SettingInvalid when nobody can listen there.
    """
    if not settings.port:
        yield
        return
    server = _Server(settings.host, settings.port, _pages(instruments))
    await server.start()
    try:
        yield
    finally:
        await server.stop()


def _pages(instruments: Instruments) -> dict[str, Page]:
    tell = exposition(instruments)
    return {
        "/ready": lambda: _judged(instruments.health, Health.ready),
        "/alive": lambda: _judged(instruments.health, Health.alive),
        "/metrics": lambda: web.Response(body=tell(), headers={"Content-Type": CONTENT_TYPE_LATEST}),
    }


def _judged(health: Health, question: Callable[[Health, float], Judgement]) -> web.Response:
    judgement = question(health, time.monotonic())
    body = orjson.dumps({"ok": judgement.ok, "reasons": judgement.reasons})
    return web.Response(body=body, status=200 if judgement.ok else 503, content_type="application/json")


class _Server:
    """aiohttp in a thread. The thread is a daemon: it never keeps an ending process alive."""

    def __init__(self, host: str, port: int, pages: dict[str, Page]) -> None:
        self._host, self._port, self._pages = host, port, pages
        self._listening: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="health", daemon=True)

    async def start(self) -> None:
        """Return when it listens."""
        self._thread.start()
        await asyncio.wrap_future(self._listening)

    async def stop(self) -> None:
        """Return when it has ended, or when that takes too long."""
        loop, ended = self._listening.result()
        loop.call_soon_threadsafe(ended.set)
        await asyncio.to_thread(self._thread.join, END_WITHIN_S * 2)

    async def _run(self) -> None:
        app = web.Application()
        for path, page in self._pages.items():
            app.router.add_get(path, _handler(page))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=END_WITHIN_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            message = f"health.port = {self._port}: cannot listen on {self._host}: {error.strerror}"
            self._listening.set_exception(SettingInvalid(message, "choose a free port, or 0 for no endpoint"))
        else:
            await self._until_ended()
        finally:
            await runner.cleanup()

    async def _until_ended(self) -> None:
        ended = asyncio.Event()
        self._listening.set_result((asyncio.get_running_loop(), ended))
        await ended.wait()


def _handler(page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_: web.Request) -> web.StreamResponse:
        return page()

    return answer
