"""Decisions: what operators decide from a page, switches and experiments, as the commands do."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from penchant.console.rendering import Rendering
from penchant.console.watch import EVERY_S, FleetWatch
from penchant.front.body import form
from penchant.operations.control import decide, put_back, throw
from penchant.settings.root import Settings
from storage.fleet import ExperimentDecision

GRAVE = ("freeze-writes",)
"""Switches whose name is to be typed, so that nobody throws them by a slip."""

LONGEST_REASON = 500


class Decisions:
    """All of them."""

    def __init__(self, settings: Settings, watch: FleetWatch, rendering: Rendering) -> None:
        self._settings, self._watch, self._rendering = settings, watch, rendering

    def routes(self) -> Iterator[Route]:
        """POST alone changes anything."""
        yield Route("/control", self._switch, methods=["POST"])
        yield Route("/experiments", self._experiment, methods=["POST"])

    async def _switch(self, request: Request) -> Response:
        person, given = self._rendering.changing(request, "operator"), await form(request)
        name, why = given.get("name", ""), reason(given.get("why", ""))
        if given.get("do") == "clear":
            await put_back(self._settings, name, person.name, why)
        else:
            if name in GRAVE and given.get("typed", "").strip() != name:
                raise HTTPException(400, f"type {name} to throw it: nothing is written until it is put back")
            await throw(self._settings, name, given.get("value", "on"), person.name, why)
        return await self._seen("/control")

    async def _experiment(self, request: Request) -> Response:
        person, given = self._rendering.changing(request, "operator"), await form(request)
        state: Literal["forward", "back"] = "forward" if given.get("do") == "forward" else "back"
        decision = ExperimentDecision(0, state, person.name, reason(given.get("why", "")), 0)
        await decide(self._settings, given.get("name", ""), decision)
        return await self._seen("/experiments")

    async def _seen(self, path: str) -> Response:
        """To the page, once the watch has looked at what was decided."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_S * 4):
                await self._watch.after(self._watch.now.serial + 1)
        return RedirectResponse(path, 303)


def reason(text: str) -> str:
    """HTTPException without one: whoever is called at night wants to read it."""
    if not text.strip():
        raise HTTPException(400, "give a reason: the log repeats it")
    return text.strip()[:LONGEST_REASON]
