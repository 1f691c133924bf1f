"""Shopper pages: one shopper, live, those whose intents are latest, and forgetting one."""

from collections.abc import Iterator
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from penchant.console.rendering import Rendering
from penchant.console.snapshot import Snapshot
from penchant.console.streams import Values, stream
from penchant.console.views.shopper import shopper
from penchant.console.views.stalest import by_cause
from penchant.console.watch import FleetWatch
from penchant.front.body import form
from penchant.front.gate import permit
from penchant.operations.control import note_shoppers
from penchant.operations.forget import forget
from penchant.operations.inspection.shopper_report import gather
from penchant.operations.inspection.stalest import stalest
from penchant.settings.root import Settings

BLOCKS = ("banner", "answer", "lines", "waits", "facts", "prompt", "answers")
LONGEST = 128
LATEST, SCANNED, VISITED = 10, 2_000, 20_000
"""How many shoppers of each cause the page of all shows, of so many intents that it looks at, among so many keys."""

log = structlog.get_logger()


class ShopperPages:
    """All of them."""

    def __init__(self, settings: Settings, watch: FleetWatch, rendering: Rendering) -> None:
        self._settings, self._watch, self._rendering = settings, watch, rendering

    def routes(self) -> Iterator[Route]:
        """A page, its stream, and what it changes."""
        yield Route("/shopper", self._page)
        yield Route("/stream/shopper", self._stream)
        yield Route("/shopper/forget", self._forget, methods=["POST"])

    async def _page(self, request: Request) -> Response:
        name = _named(request)
        if not name:
            found, looked = await stalest(self._settings, SCANNED, SCANNED, VISITED)
            values = {"groups": by_cause(found, LATEST), "looked": looked}
            return self._rendering.answer(request, "shoppers.html", values)
        person = _unmasking(request)
        if person:
            await note_shoppers(self._settings, "unmasking", "console", [name], person)
        values = await self._values(name, raw=bool(person))(self._watch.now)
        return self._rendering.answer(request, "shopper.html", values, f"/stream/shopper?{request.url.query}")

    async def _stream(self, request: Request) -> StreamingResponse:
        values = self._values(_named(request), raw=bool(_unmasking(request)))
        return stream(request, self._watch, self._rendering.frames("shopper.html", BLOCKS), values)

    def _values(self, name: str, *, raw: bool) -> Values:
        async def values(seen: Snapshot) -> dict[str, Any]:
            return shopper(await gather(self._settings, name, search=False), seen, raw=raw)

        return values

    async def _forget(self, request: Request) -> Response:
        """Erase the shopper whose id was typed, as `penchant forget` does, and show the receipt."""
        person = self._rendering.changing(request, "privacy")
        given = await form(request)
        name = given.get("shopper", "")
        if not name or given.get("typed", "").strip() != name:
            raise HTTPException(400, "type the shopper's id as it stands there: forgetting is for good")
        done = await forget(self._settings, [name])
        await note_shoppers(self._settings, "erasure", "forget", [name], person.name)
        log.warning("shopper.forgotten", who=person.name, erasures=[each.number for each in done.receipts])
        return self._rendering.answer(request, "forgotten.html", {"receipts": done.receipts})


def _named(request: Request) -> str:
    return request.query_params.get("id", "").strip()[:LONGEST]


def _unmasking(request: Request) -> str:
    """Who wants texts to be shown, empty where nobody does; HTTPException unless the person may see them."""
    return permit(request, "privacy").name if request.query_params.get("raw") == "1" else ""
