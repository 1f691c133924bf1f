"""Replay pages: what replays there are and how far they came, starting and holding one, and what one would change."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from penchant.console.decisions import reason
from penchant.console.rendering import Rendering
from penchant.console.replay_runner import ReplayRunner
from penchant.console.snapshot import Snapshot
from penchant.console.streams import stream
from penchant.console.views.replays import compared, replays
from penchant.console.watch import FleetWatch
from penchant.front.body import form
from penchant.operations.control import note_replay
from penchant.operations.replay.held import NamedReplay, differences, held_replays
from penchant.operations.replay.plan import PER_SERVER
from penchant.operations.replay.request import ReplayRequest
from penchant.settings.root import Settings
from streams.errors import BrokerUnavailable, StoreCorrupt, StoreUnavailable
from streams.kafka.moments import EARLIEST, LATEST
from streams.kafka.ranges import find_range
from streams.kafka.reader import TopicReader

PATH = "/replays"
BLOCKS = ("banner", "answer", "run", "held")
EVERY_S = 5.0
"""However many look, Redis is asked for the replays that it holds no more often."""

READ_WITHIN_S = 10.0
LONGEST = 64
MOST_PER_SERVER = 64

log = structlog.get_logger()


class ReplayPages:
    """All of them."""

    def __init__(self, settings: Settings, watch: FleetWatch, rendering: Rendering, runner: ReplayRunner) -> None:
        self._settings, self._watch, self._rendering, self._runner = settings, watch, rendering, runner
        self._frames = rendering.frames("replays.html", BLOCKS)
        self._held: Sequence[NamedReplay] = ()
        self._unread = ""
        self._asked_s = float("-inf")

    def routes(self) -> Iterator[Route]:
        """The page, its stream, what one would change, and what operators decide."""
        yield Route(PATH, self._page)
        yield Route(f"/stream{PATH}", self._stream)
        yield Route(f"{PATH}/changes", self._changes)
        yield Route(PATH, self._decide, methods=["POST"])

    async def _page(self, request: Request) -> Response:
        values = await self._values(self._watch.now) | {"prompts": self._settings.prompts.names, "all": PER_SERVER}
        return self._rendering.answer(request, "replays.html", values, f"/stream{PATH}")

    async def _stream(self, request: Request) -> StreamingResponse:
        return stream(request, self._watch, self._frames, self._values)

    async def _values(self, seen: Snapshot) -> dict[str, Any]:
        if time.monotonic() >= self._asked_s + EVERY_S:
            self._asked_s = time.monotonic()
            try:
                self._held, self._unread = await held_replays(self._settings), ""
            except (StoreUnavailable, StoreCorrupt) as error:
                self._unread = str(error)
        return replays(self._runner.run, self._held, seen) | {"unread": self._unread}

    async def _changes(self, request: Request) -> Response:
        namespace = request.query_params.get("namespace", "")
        found = await differences(self._settings, namespace)
        return self._rendering.answer(request, "replay_changes.html", compared(namespace, found))

    async def _decide(self, request: Request) -> Response:
        """First what would be read, and by which command; then, with a reason, the replay itself; or hold it."""
        person, given = self._rendering.changing(request, "operator"), await form(request)
        if given.get("do") == "hold":
            await self._runner.hold()
            return self._away()
        asked = _asked(given)
        settings = asked.settings(self._settings)
        plan = asked.plan(settings, time.time_ns() // 1_000_000)
        if given.get("do") != "start":
            return await self._shown(request, asked)
        why, live = reason(given.get("why", "")), settings.redis.namespace
        if asked.live and given.get("typed", "").strip() != live:
            raise HTTPException(400, f"type {live} to write over the intents that are live")
        self._runner.check_free()
        await note_replay(settings, plan.namespace, asked.command(), person.name, why)
        self._runner.begin(asked, plan, person.name)
        log.warning("replay.started", who=person.name, why=why, command=asked.command())
        return self._away()

    async def _shown(self, request: Request, asked: ReplayRequest) -> Response:
        kafka, plan = self._settings.kafka, asked.plan(self._settings, time.time_ns() // 1_000_000)
        try:
            async with asyncio.timeout(READ_WITHIN_S), TopicReader(kafka.options) as reader:
                span = await find_range(reader, await reader.log(kafka.topic), plan.begin, plan.end)
        except TimeoutError as exc:
            raise BrokerUnavailable(f"{kafka.topic} was not looked at within {READ_WITHIN_S:g} s") from exc
        target = plan.namespace or self._settings.redis.namespace
        values = {"asked": asked, "records": span.records, "topic": kafka.topic, "target": target}
        return self._rendering.answer(request, "replay_planned.html", values)

    def _away(self) -> Response:
        self._asked_s = float("-inf")
        return RedirectResponse(PATH, 303)


def _asked(given: dict[str, str]) -> ReplayRequest:
    """What a form asks for. HTTPException for a figure that is none, or for more calls than a person at a page may
    begin."""
    try:
        per_server, generation = int(given.get("per_server") or PER_SERVER), int(given.get("generation") or 0)
    except ValueError as exc:
        raise HTTPException(400, "calls at each server, and the generation, are whole numbers") from exc
    if not 0 < per_server <= MOST_PER_SERVER or not 0 <= generation < 1 << 53:
        raise HTTPException(400, f"from 1 to {MOST_PER_SERVER} calls at each server; more by the command")
    words = {name: given.get(name, "").strip()[:LONGEST] for name in ("begin", "end", "namespace", "prompt_version")}
    return ReplayRequest(
        words["begin"] or EARLIEST, words["end"] or LATEST, words["namespace"], given.get("live") == "yes", generation,
        None, words["prompt_version"], per_server, None, given.get("afresh") == "yes",
    )  # fmt: skip
