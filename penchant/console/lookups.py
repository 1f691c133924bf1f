"""Lookups: pages that are read when somebody asks: who decided what, what is set, what is wrong."""

import asyncio
from collections.abc import Iterator, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penchant.console.rendering import Rendering
from penchant.operations.control import activity
from penchant.operations.doctor.examination import examine
from penchant.operations.doctor.findings import worst
from penchant.settings.catalogue import catalogue
from penchant.settings.problems import shown
from penchant.settings.root import Settings
from streams.errors import BrokerUnavailable

NEWEST = 200
EXAMINED_WITHIN_S = 60.0


class Lookups:
    """All of them. `origins` say by full name where each setting came from."""

    def __init__(self, settings: Settings, origins: Mapping[str, str], rendering: Rendering) -> None:
        self._settings, self._origins, self._rendering = settings, origins, rendering

    def routes(self) -> Iterator[Route]:
        """A route a page."""
        yield Route("/activity", self._activity)
        yield Route("/settings", self._set)
        yield Route("/doctor", self._examined)

    async def _activity(self, request: Request) -> Response:
        entries = await activity(self._settings, NEWEST)
        return self._rendering.answer(request, "activity.html", {"entries": entries})

    async def _examined(self, request: Request) -> Response:
        """What `penchant doctor` finds now, the worst first."""
        try:
            async with asyncio.timeout(EXAMINED_WITHIN_S):
                findings = await examine(self._settings)
        except TimeoutError as exc:
            raise BrokerUnavailable(f"nothing was found out within {EXAMINED_WITHIN_S:g} s: penchant doctor") from exc
        values = {"findings": sorted(findings, key=lambda each: -each.severity), "worst": worst(findings)}
        return self._rendering.answer(request, "doctor.html", values)

    async def _set(self, request: Request) -> Response:
        """What `penchant settings` shows; secrets are hidden."""
        rows = [
            (entry, shown(entry, entry.value(self._settings)), self._origins.get(name, "default"))
            for name, entry in catalogue().items()
        ]
        return self._rendering.answer(request, "settings.html", {"rows": rows})
