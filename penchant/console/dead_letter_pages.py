"""Dead letter pages: what was refused, what would go back after a fix, and sending it back while one looks on."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from penchant.console.decisions import reason
from penchant.console.rendering import Rendering
from penchant.console.runner import Runner
from penchant.console.snapshot import Snapshot
from penchant.console.streams import stream
from penchant.console.views.dead_letters import RedriveRun, redriving
from penchant.console.watch import FleetWatch
from penchant.front.body import form
from penchant.operations.dead_letters.judge import RedrivePlan
from penchant.operations.dead_letters.listing import Listing, listed
from penchant.operations.dead_letters.redrive import redrive, rehearse
from penchant.settings.root import Settings
from streams.errors import BrokerUnavailable
from streams.events.dialects import whole_dialect
from streams.kafka.reader import TopicReader

PATH = "/dead-letters"
BLOCKS = ("banner", "run")

READ_WITHIN_S = 10.0
REHEARSED_WITHIN_S = 120.0
"""How long a person waits to hear what would go back."""

BUSY = "letters are going back already: wait until that is done"

log = structlog.get_logger()


class DeadLetterPages:
    """All of them."""

    def __init__(self, settings: Settings, watch: FleetWatch, rendering: Rendering, runner: Runner[RedriveRun]) -> None:
        self._settings, self._watch, self._rendering, self._runner = settings, watch, rendering, runner
        self._frames = rendering.frames("dead_letters.html", BLOCKS)

    def routes(self) -> Iterator[Route]:
        """The page, its stream, and sending back."""
        yield Route(PATH, self._page)
        yield Route(f"/stream{PATH}", self._stream)
        yield Route(PATH, self._decide, methods=["POST"])

    async def _page(self, request: Request) -> Response:
        listing = await self._listing()
        values = await self._values(self._watch.now) | {"kinds": listing.kinds}
        return self._rendering.answer(
            request, "dead_letters.html", values | {"topic": self._settings.kafka.dead_letter_topic}, f"/stream{PATH}"
        )

    async def _stream(self, request: Request) -> StreamingResponse:
        return stream(request, self._watch, self._frames, self._values)

    async def _values(self, seen: Snapshot) -> dict[str, Any]:
        return redriving(self._runner.run, seen)

    async def _listing(self) -> Listing:
        """The topic is read whole, as the command does, for as long as a person waits."""
        kafka = self._settings.kafka
        try:
            async with asyncio.timeout(READ_WITHIN_S), TopicReader(kafka.options.committed()) as reader:
                return await listed(reader, kafka.dead_letter_topic, lambda _: None)
        except TimeoutError as exc:
            message = f"{kafka.dead_letter_topic} was not read within {READ_WITHIN_S:g} s: penchant dead-letters list"
            raise BrokerUnavailable(message) from exc

    async def _decide(self, request: Request) -> Response:
        """First what would go back, then, with a reason, the letters themselves."""
        person, given = self._rendering.changing(request, "operator"), await form(request)
        refused_for = given.get("reason", "")
        if given.get("do") != "redrive":
            return await self._rehearsed(request, refused_for)
        why, letters = reason(given.get("why", "")), given.get("letters", "")
        run = RedriveRun(who=person.name, began_s=time.monotonic(), refused_for=refused_for,
                         letters=int(letters) if letters.isdecimal() else 0)  # fmt: skip

        async def work() -> Sequence[str]:
            done = await redrive(self._settings.kafka, self._plan(refused_for), lambda count: _note(run, count))
            return [f"{done.words(dry_run=False)}."]

        self._runner.start(run, work)
        log.warning("letters.redriven", who=person.name, why=why, reason=refused_for)
        return RedirectResponse(PATH, 303)

    async def _rehearsed(self, request: Request, refused_for: str) -> Response:
        try:
            async with asyncio.timeout(REHEARSED_WITHIN_S):
                outcome = await rehearse(self._settings.kafka, self._plan(refused_for), lambda _: None)
        except TimeoutError as exc:
            message = f"not all was read within {REHEARSED_WITHIN_S:g} s: penchant dead-letters redrive --dry-run"
            raise BrokerUnavailable(message) from exc
        values = {"said": outcome.words(dry_run=True), "reason": refused_for, "letters": outcome.letters}
        return self._rendering.answer(request, "redriven.html", values | {"some": outcome.redriven > 0})

    def _plan(self, refused_for: str) -> RedrivePlan:
        kafka = self._settings.kafka
        return RedrivePlan(kafka.topic, whole_dialect(kafka.dialect, keyed=True), refused_for or None)


def _note(run: RedriveRun, looked: int) -> None:
    run.looked = looked
