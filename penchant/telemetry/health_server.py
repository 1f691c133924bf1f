"""Health: the HTTP endpoint that answers probes and tells metrics.

It runs in a thread with an event loop of its own. In the worker's loop a probe would wait behind ingest, and behind
whatever holds that loop: an orchestrator would then restart workers for being busy, and learn nothing of one that is
stuck. From here the answer comes at once, and says since when the worker's loop stands still.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Protocol

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from agents.health.probes import Judgement
from penchant.settings import operation
from penchant.telemetry.metrics.exposition import Tell
from streams.errors import SettingInvalid

END_WITHIN_S = 2.0
"""How long answers under way may take at the end."""

Page = Callable[[web.Request], Awaitable[web.Response]]


class Judges(Protocol):
    """What answers probes, at a time in seconds on the monotonic clock."""

    def ready(self, now_s: float) -> Judgement: ...

    def alive(self, now_s: float) -> Judgement: ...


@asynccontextmanager
async def endpoint(settings: operation.Health, judge: Judges, tell: Tell) -> AsyncIterator[None]:
    """Answer `/ready`, `/alive` and `/metrics` while the block runs; nothing without a port. They are asked in another
    thread, at any time.

    SettingInvalid when nobody can listen there.
    """
    if not settings.port:
        yield
        return
    server = _Server(settings.host, settings.port, _pages(judge, tell))
    await server.start()
    try:
        yield
    finally:
        await server.stop()


@asynccontextmanager
async def listening(host: str, port: int, pages: Mapping[str, Page]) -> AsyncIterator[None]:
    """Answer these pages, by path, from the event loop of the caller while the block runs. SettingInvalid as above."""
    app = web.Application()
    for path, page in pages.items():
        app.router.add_get(path, page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=END_WITHIN_S)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        await runner.cleanup()


def judged(judgement: Judgement) -> web.Response:
    """An answer to a probe."""
    body = orjson.dumps({"ok": judgement.ok, "reasons": judgement.reasons})
    return web.Response(body=body, status=200 if judgement.ok else 503, content_type="application/json")


def page_of_metrics(text: bytes, content_type: str = CONTENT_TYPE_LATEST) -> web.Response:
    """An answer to Prometheus."""
    return web.Response(body=text, headers={"Content-Type": content_type})


def _pages(judge: Judges, tell: Tell) -> dict[str, Page]:
    async def ready(_: web.Request) -> web.Response:
        return judged(judge.ready(time.monotonic()))

    async def alive(_: web.Request) -> web.Response:
        return judged(judge.alive(time.monotonic()))

    async def metrics(request: web.Request) -> web.Response:
        return page_of_metrics(*tell(request.headers.get("Accept", "")))

    return {"/ready": ready, "/alive": alive, "/metrics": metrics}


class _Server:
    """The pages from a thread. It is a daemon: it never keeps an ending process alive."""

    def __init__(self, host: str, port: int, pages: Mapping[str, Page]) -> None:
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
        try:
            async with listening(self._host, self._port, self._pages):
                ended = asyncio.Event()
                self._listening.set_result((asyncio.get_running_loop(), ended))
                await ended.wait()
        except SettingInvalid as error:
            self._listening.set_exception(error)


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        message = f"health.port = {port}: cannot listen on {host}: {error.strerror}"
        raise SettingInvalid(message, "choose a free port, or 0 for no endpoint") from error
