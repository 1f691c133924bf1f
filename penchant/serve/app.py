"""App: the paths that are served, and how requests are bounded and counted."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant import __version__
from penchant.front.gate import permit
from penchant.front.roles import Person
from penchant.serve.answering import Answering
from penchant.serve.batch_bodies import BatchAsked
from penchant.serve.bodies import Health, IntentAnswer, IntentAsked, MatchAnswer, MatchAsked
from penchant.serve.faults import AGAIN, FAULTS, RETRY_AFTER_S, explain, refused, wrong
from penchant.telemetry.metrics.exposition import exposed
from penchant.telemetry.metrics.serve import SERVE, ServeCounts

HEALTH = "/healthz"
_BODIES: Mapping[str, type[BaseModel]] = {
    "/v1/match": MatchAsked,
    "/v1/intent": IntentAsked,
    "/v1/batches": BatchAsked,
}

Healthy = Callable[[], Awaitable[bool]]


async def _viewer(request: Request) -> Person:  # a plain function would cost each request a thread
    return permit(request, "viewer")


Viewer = Annotated[Person, Depends(_viewer)]


def app(
    answering: Answering, counts: ServeCounts, most_in_flight: int, healthy: Healthy, routers: Sequence[APIRouter] = ()
) -> FastAPI:
    """The application, to stand behind the gate, with the paths of `routers` too. More than `most_in_flight` requests
    at once are refused with 429."""
    made = FastAPI(title="Penchant", version=__version__, docs_url=None, redoc_url=None, responses=FAULTS)  # type: ignore[arg-type] # FastAPI types keys as any
    made.add_middleware(Bounded, counts=counts, most=most_in_flight)
    explain(made, _BODIES)
    tell = exposed(SERVE, counts)

    @made.post("/v1/match", response_model=MatchAnswer)
    async def match(asked: MatchAsked, _: Viewer) -> Response:
        """Put up to 100 products in the order in which they fit a shopper, with reasons."""
        if isinstance(asked.reasons, str) and asked.reasons not in answering.languages:
            there = ", ".join(answering.languages)
            raise wrong("reasons", f"there is no catalogue of messages in {asked.reasons!r}, only in {there}")
        return _json(await answering.match(asked))

    @made.post("/v1/intent", response_model=IntentAnswer)
    async def intent(asked: IntentAsked, _: Viewer) -> Response:
        """What a shopper is after, with events that Kafka has not brought yet."""
        return _json(await answering.intent(asked))

    @made.get("/metrics", response_class=PlainTextResponse)
    async def metrics(_: Viewer) -> Response:
        """Prometheus' text format."""
        text, content_type = tell("text/plain")
        return Response(text, media_type=content_type)

    @made.get(HEALTH, response_model=Health, responses={503: {"model": Health}})
    async def healthz() -> Response:
        """200 while Redis answers, else 503: matches are answered then too, in the order given."""
        up = await healthy()
        return JSONResponse({"redis": up}, 200 if up else 503)

    for router in routers:
        made.include_router(router)
    _describe(made, answering.languages)
    return made


def _describe(made: FastAPI, languages: Sequence[str]) -> None:
    """The languages stand in the description as they are here: a shop may have catalogues of its own."""
    asked = made.openapi()["components"]["schemas"]["MatchAsked"]["properties"]["reasons"]
    asked["anyOf"] = [{"type": "boolean"}, {"type": "string", "enum": list(languages)}]


def _json(answer: Mapping[str, Any]) -> Response:
    """As it is: FastAPI would check and copy it twice. A test holds it to its description."""
    return Response(orjson.dumps(answer), media_type="application/json")


class Bounded:
    """Refuses requests beyond a number at once, before anything is done for them, and counts the others.

    Whoever is refused hears so at once and loses nothing of a deadline; health and metrics are always served.
    """

    def __init__(self, app: ASGIApp, counts: ServeCounts, most: int) -> None:
        self._app, self._counts, self._most = app, counts, most
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or answer 429."""
        path = scope["path"]
        if not path.startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        now: Callable[[], float] = asyncio.get_running_loop().time
        began_s, status = now(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        app = self._app if self._in_flight < self._most else _busy
        self._in_flight += 1
        self._counts.in_flight = self._in_flight
        try:
            await app(scope, receive, noted)
        finally:
            self._in_flight -= 1
            self._counts.in_flight = self._in_flight
            self._counts.answered(path if path in _BODIES else "other", status, now() - began_s)


_busy = refused(429, "too many requests at once", "", AGAIN, {"Retry-After": str(RETRY_AFTER_S)})
