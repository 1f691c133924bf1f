"""Live pages: those of the fleet, which everybody sees alike; each browser is told once a second what changed."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from penchant.console.ranges import HOURS, PrometheusRanges, Range
from penchant.console.rendering import Rendering
from penchant.console.snapshot import Snapshot
from penchant.console.stalest import StalestCache
from penchant.console.streams import Values, stream
from penchant.console.views.control import control
from penchant.console.views.experiments import experiments
from penchant.console.views.fleet import fleet
from penchant.console.views.models import models
from penchant.console.views.overview import chart, chart_of_range, overview
from penchant.console.watch import FleetWatch
from penchant.operations.control import activity
from penchant.operations.inspection.stalest import Stale
from penchant.settings.root import Settings
from storage.activity import Activity
from streams.errors import StoreCorrupt, StoreUnavailable

DECISIONS = 200
"""So many of the newest decisions may stand in a chart of hours, or under an experiment."""

EVERY_S = 3.0
"""However many look at experiments, the activity log is read no more often."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where it is, its template, its blocks, and what they show of a snapshot."""

    path: str
    template: str
    blocks: tuple[str, ...]
    values: Values


class LivePages:
    """All of them."""

    def __init__(
        self, settings: Settings, watch: FleetWatch, rendering: Rendering, ranges: PrometheusRanges | None
    ) -> None:
        self._watch, self._rendering = watch, rendering
        self._target_s = settings.backlog.freshness_target_s
        self._settings, self._ranges = settings, ranges
        self._stalest, self._stale = StalestCache(settings), list[Stale]()
        self._decided, self._decided_s = list[Activity](), float("-inf")
        first = ("banner", "answer", "flow", "point", "changes", "figures", "stale")
        self._pages: Sequence[Page] = (
            Page("/", "overview.html", first, self._overview),
            Page("/fleet", "fleet.html", ("banner", "answer", "heat", "rows"), _alone(fleet)),
            Page("/models", "models.html", ("banner", "answer", "rows", "figures"), _alone(models)),
            Page("/experiments", "experiments.html", ("banner", "answer", "arms"), self._experiments),
            Page("/control", "control.html", ("banner", "answer"), _alone(control)),
        )
        self._frames = {page.path: rendering.frames(page.template, page.blocks) for page in self._pages}

    def routes(self) -> Iterator[Route]:
        """Each page and its stream."""
        for page in self._pages:
            yield Route(page.path, partial(self._page, page))
            yield Route(f"/stream{page.path}", partial(self._stream, page))
        yield Route("/points", self._points)

    async def _page(self, page: Page, request: Request) -> Response:
        values = await page.values(self._watch.now) | {
            "hours": _hours(request),
            "ranges": (0, *HOURS) if self._ranges else (),
        }
        return self._rendering.answer(request, page.template, values, f"/stream{page.path}")

    async def _stream(self, page: Page, request: Request) -> StreamingResponse:
        return stream(request, self._watch, self._frames[page.path], page.values)

    async def _overview(self, seen: Snapshot) -> dict[str, Any]:
        with suppress(StoreUnavailable, StoreCorrupt):  # the page says so by itself
            self._stale = list(await self._stalest.read())
        return overview(seen, self._stale, self._target_s)

    async def _experiments(self, seen: Snapshot) -> dict[str, Any]:
        if time.monotonic() >= self._decided_s + EVERY_S:
            self._decided_s = time.monotonic()
            with suppress(StoreUnavailable):  # the last that is known stays
                self._decided = await activity(self._settings, DECISIONS)
        return experiments(seen, self._decided)

    async def _points(self, request: Request) -> Response:
        """The chart's columns and marks: of the last quarter of an hour, or of hours, as the address says."""
        hours = _hours(request)
        if not hours:
            return JSONResponse(chart(self._watch.now, self._target_s))
        if self._ranges is None:
            missing = Range(missing="set console.prometheus_url to look further back")
            return JSONResponse(chart_of_range(missing, [], [], self._target_s))
        found, decided = await self._ranges.read(hours, self._watch.now.at_ms / 1e3), list[Activity]()
        with suppress(StoreUnavailable):  # then no marks stand there, and the page says so by itself
            decided = await activity(self._settings, DECISIONS)
        changed = self._watch.changes(self._watch.now.at_ms - hours * 3_600_000)
        return JSONResponse(chart_of_range(found, decided, changed, self._target_s))


def _hours(request: Request) -> int:
    """How far the chart goes back; 0 is what the console remembers by itself."""
    asked = request.query_params.get("hours", "")
    return int(asked) if asked in map(str, HOURS) else 0


def _alone(view: Callable[[Snapshot], dict[str, Any]]) -> Values:
    """What a page shows that needs nothing but the snapshot."""

    async def values(seen: Snapshot) -> dict[str, Any]:
        return view(seen)

    return values
