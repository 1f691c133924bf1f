"""Lookups: pages that are read when somebody asks: who decided what, what was refused, what is set, what is wrong."""

import asyncio
from collections.abc import Iterator, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penchant.console.rendering import Rendering
from penchant.operations.control import activity
from penchant.operations.dead_letters.listing import listed
from penchant.operations.doctor.examination import examine
from penchant.operations.doctor.findings import worst
from penchant.settings.catalogue import catalogue
from penchant.settings.problems import shown
from penchant.settings.root import Settings
from streams.errors import BrokerUnavailable
from streams.kafka.reader import TopicReader

NEWEST = 200
READ_WITHIN_S = 10.0
EXAMINED_WITHIN_S = 60.0


class Lookups:
    """All of them. `origins` say by full name where each setting came from."""

    def __init__(self, settings: Settings, origins: Mapping[str, str], rendering: Rendering) -> None:
        self._settings, self._origins, self._rendering = settings, origins, rendering

    def routes(self) -> Iterator[Route]:
        """A route a page."""
        yield Route("/activity", self._activity)
        yield Route("/dead-letters", self._dead_letters)
        yield Route("/settings", self._set)
        yield Route("/doctor", self._examined)

    async def _activity(self, request: Request) -> Response:
        entries = await activity(self._settings, NEWEST)
        return self._rendering.answer(request, "activity.html", {"entries": entries})

    async def _dead_letters(self, request: Request) -> Response:
        """The topic is read whole, as the command does, for as long as a person waits."""
        kafka = self._settings.kafka
        try:
            async with asyncio.timeout(READ_WITHIN_S), TopicReader(kafka.options.committed()) as reader:
                listing = await listed(reader, kafka.dead_letter_topic, lambda _: None)
        except TimeoutError as exc:
            message = f"{kafka.dead_letter_topic} was not read within {READ_WITHIN_S:g} s: penchant dead-letters list"
            raise BrokerUnavailable(message) from exc
        values = {"kinds": listing.kinds, "topic": kafka.dead_letter_topic}
        return self._rendering.answer(request, "dead_letters.html", values)

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
