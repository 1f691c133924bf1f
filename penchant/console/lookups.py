"""Lookups: pages that are read when somebody asks: who decided what, what is set, what is wrong."""

import asyncio
from collections.abc import Iterator, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penchant.console.rendering import Rendering
from penchant.console.views.audience import audience_of
from penchant.operations.audience import Source, audience
from penchant.operations.control import activity
from penchant.operations.doctor.examination import examine
from penchant.operations.doctor.findings import worst
from penchant.settings.catalogue import catalogue
from penchant.settings.problems import shown
from penchant.settings.root import Settings
from streams.errors import BrokerUnavailable

NEWEST = 200
EXAMINED_WITHIN_S = 60.0
LONGEST = 128
LOOKED_AT, VISITED = 5_000, 20_000
"""So many intents are looked at for an audience, among so many keys."""


class Lookups:
    """All of them. `origins` say by full name where each setting came from."""

    def __init__(self, settings: Settings, origins: Mapping[str, str], rendering: Rendering) -> None:
        self._settings, self._origins, self._rendering = settings, origins, rendering
        self._counting = asyncio.Lock()

    def routes(self) -> Iterator[Route]:
        """A route a page."""
        yield Route("/activity", self._activity)
        yield Route("/settings", self._set)
        yield Route("/doctor", self._examined)
        yield Route("/audience", self._audience)

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

    async def _audience(self, request: Request) -> Response:
        """Whom a product interests, in counts, from a bounded part of the live intents, those of kafka.intents_topic
        where somebody asks for it; one look at a time."""
        product = request.query_params.get("product", "").strip()[:LONGEST]
        topic = self._settings.kafka.intents_topic
        source: Source = "topic" if topic and "topic" in request.query_params else "redis"
        if not product:
            return self._rendering.answer(request, "audience.html", audience_of("", None) | {"topic": topic})
        if self._counting.locked():
            raise HTTPException(429, "somebody counts at this moment: come again")
        async with self._counting:
            found = await audience(self._settings, product, LOOKED_AT, visited=VISITED, source=source)
        return self._rendering.answer(request, "audience.html", audience_of(product, found) | {"topic": topic})
