"""Job pages: what runs beside live traffic, live, and holding, ending and ordering it, as `penchant jobs` does."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, cast, get_args

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from penchant.console.decisions import reason
from penchant.console.rendering import Rendering
from penchant.console.snapshot import Snapshot
from penchant.console.streams import stream
from penchant.console.views.banner import banner
from penchant.console.views.jobs import job, jobs
from penchant.console.watch import FleetWatch
from penchant.front.body import form
from penchant.operations.jobs import Verb, move, read_jobs, set_priority
from penchant.settings.root import Settings
from penchant.worker.use_cases import price_of
from storage.jobs import Jobs
from streams.errors import StoreCorrupt, StoreUnavailable

PATH = "/jobs"
BLOCKS, OF_ONE = ("banner", "answer", "rows", "bills"), ("banner", "job")

EVERY_S = 2.0
"""However many look, Redis is asked for jobs no more often."""

LONGEST = 64

log = structlog.get_logger()


class JobPages:
    """All of them."""

    def __init__(self, settings: Settings, watch: FleetWatch, rendering: Rendering) -> None:
        self._settings, self._watch, self._rendering = settings, watch, rendering
        self._frames = rendering.frames("jobs.html", BLOCKS)
        self._there, self._unread, self._asked_s = Jobs(), "", float("-inf")
        self._looking = asyncio.Lock()

    def routes(self) -> Iterator[Route]:
        """All jobs, one of them, their streams, and what operators decide."""
        yield Route(PATH, self._page)
        yield Route(f"/stream{PATH}", self._stream)
        yield Route(PATH, self._decide, methods=["POST"])

    async def _page(self, request: Request) -> Response:
        if name := _named(request):
            values = await self._of_one(name, self._watch.now)
            if not values["row"] and self._unread:
                raise StoreUnavailable(self._unread)
            if not values["row"]:
                raise HTTPException(404, f"there is no job {name}; it may have been removed since it ended")
            return self._rendering.answer(request, "job.html", values, f"/stream{PATH}?{request.url.query}")
        values = await self._values(self._watch.now)
        return self._rendering.answer(request, "jobs.html", values, f"/stream{PATH}")

    async def _stream(self, request: Request) -> StreamingResponse:
        if name := _named(request):
            frames = self._rendering.frames("job.html", OF_ONE)
            return stream(request, self._watch, frames, partial(self._of_one, name))
        return stream(request, self._watch, self._frames, self._values)

    async def _values(self, seen: Snapshot) -> dict[str, Any]:
        await self._look()
        return jobs(self._there, partial(price_of, self._settings), seen, self._unread)

    async def _of_one(self, name: str, seen: Snapshot) -> dict[str, Any]:
        await self._look()
        return job(self._there, name, seen) or {"banner": banner(seen), "row": None}

    async def _look(self) -> None:
        async with self._looking:  # who comes meanwhile waits: what was known before may lack their job
            if time.monotonic() < self._asked_s + EVERY_S:
                return
            self._asked_s = time.monotonic()
            try:
                self._there, self._unread = await read_jobs(self._settings), ""
            except (StoreUnavailable, StoreCorrupt) as error:
                self._unread = str(error)

    async def _decide(self, request: Request) -> Response:
        """Hold a job, let it go on, end it, or let it go before others; by the command's functions."""
        person, given = self._rendering.changing(request, "operator"), await form(request)
        name, do, why = given.get("name", "")[:LONGEST], given.get("do", ""), reason(given.get("why", ""))
        if do == "priority":
            await set_priority(self._settings, name, _priority(given.get("priority", "")), person.name, why)
        elif do in get_args(Verb):
            await move(self._settings, name, cast("Verb", do), person.name, why)
        else:
            raise HTTPException(400, f"say what is to be done: priority, {', '.join(get_args(Verb))}")
        log.warning("job.changed", who=person.name, job=name, do=do)
        self._asked_s = float("-inf")
        return RedirectResponse(f"{PATH}?id={name}", 303)


def _priority(text: str) -> int:
    try:
        return int(text)
    except ValueError as exc:
        raise HTTPException(400, "the priority is a whole number") from exc


def _named(request: Request) -> str:
    return request.query_params.get("id", "").strip()[:LONGEST]
