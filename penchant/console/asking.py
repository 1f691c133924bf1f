"""Asking: the model once more about one shopper, as `penchant inspect --ask` does, by right and within a bound."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penchant.console.rendering import Rendering
from penchant.console.views.asked import asked_again
from penchant.front.body import form
from penchant.front.gate import permit
from penchant.operations.control import note_shoppers
from penchant.operations.inspection.ask import Asked, ask
from penchant.operations.inspection.masking import answer_without_texts, without_texts
from penchant.operations.inspection.shopper_report import ShopperReport, gather
from penchant.settings.root import Settings

A_MINUTE = 6
"""How many calls all who look begin in a minute: a page that is loaded again and again is no load."""

LONGEST = 128

log = structlog.get_logger()


class AskBudget:
    """One call at a time, and so many a minute. Times are seconds of any clock."""

    def __init__(self) -> None:
        self._begun_s: deque[float] = deque(maxlen=A_MINUTE)
        self._busy = asyncio.Lock()

    def taken(self, now_s: float) -> asyncio.Lock:
        """To hold while the call runs. HTTPException 429 while another one runs, or after too many."""
        if self._busy.locked():
            raise HTTPException(429, "somebody asks the model at this moment: come again")
        if len(self._begun_s) == A_MINUTE and self._begun_s[0] > now_s - 60:
            raise HTTPException(
                429, f"the model was asked {A_MINUTE} times within a minute: come again, or use inspect"
            )
        self._begun_s.append(now_s)
        return self._busy


class Asking:
    """A POST, since it costs a call. It writes nothing."""

    def __init__(self, settings: Settings, rendering: Rendering) -> None:
        self._settings, self._rendering, self._budget = settings, rendering, AskBudget()

    def routes(self) -> Iterator[Route]:
        """The one."""
        yield Route("/shopper/ask", self._ask, methods=["POST"])

    async def _ask(self, request: Request) -> Response:
        person, given = self._rendering.changing(request, "operator"), await form(request)
        name, raw = given.get("shopper", "").strip()[:LONGEST], given.get("raw") == "1"
        if raw:
            permit(request, "privacy")
        async with self._budget.taken(time.monotonic()):
            report, asked = await self._answer(name)
        if raw:
            await note_shoppers(self._settings, "unmasking", "console", [name], person.name)
        else:
            report, asked = without_texts(report), answer_without_texts(asked)
        log.info("shopper.asked", who=person.name, refused=asked.refused, removed=len(asked.removed))
        return self._rendering.answer(request, "asked.html", asked_again(report, asked, raw=raw))

    async def _answer(self, name: str) -> tuple[ShopperReport, Asked]:
        report = await gather(self._settings, name, search=False)
        if report.session is None or report.prompt is None:
            raise HTTPException(404, "no session of this shopper is stored: there is nothing to ask about")
        return report, await ask(self._settings, name, report.session, report.prompt)
