"""App: the paths that are served, and how requests are bounded and counted."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant import __version__
from penchant.front.gate import permit
from penchant.front.roles import Person
from penchant.serve.answering import Answering
from penchant.serve.bodies import Fault, IntentAnswer, IntentAsked, MatchAnswer, MatchAsked
from penchant.serve.counts import ServeCounts
from streams.errors import PenchantError, SettingInvalid, StoreUnavailable

HEALTH = "/healthz"
RETRY_AFTER_S = 1
_FAULTS = {status: {"model": Fault} for status in (401, 403, 413, 422, 429, 503)}

Healthy = Callable[[], Awaitable[bool]]


def _viewer(request: Request) -> Person:
    return permit(request, "viewer")


Viewer = Annotated[Person, Depends(_viewer)]


def app(answering: Answering, counts: ServeCounts, most_in_flight: int, healthy: Healthy) -> FastAPI:
    """The application, to stand behind the gate. More than `most_in_flight` requests at once are refused with 429."""
    made = FastAPI(title="Penchant", version=__version__, docs_url=None, redoc_url=None, responses=_FAULTS)  # type: ignore[arg-type] # FastAPI types keys as any
    made.add_middleware(Bounded, counts=counts, most=most_in_flight)
    _explain(made)

    @made.post("/v1/match", response_model=MatchAnswer)
    async def match(asked: MatchAsked, _: Viewer) -> Response:
        """Put up to 100 products in the order in which they fit a shopper, with reasons."""
        return _json(await answering.match(asked))

    @made.post("/v1/intent", response_model=IntentAnswer)
    async def intent(asked: IntentAsked, _: Viewer) -> Response:
        """What a shopper is after, with events that Kafka has not brought yet."""
        return _json(await answering.intent(asked))

    @made.get("/metrics")
    async def metrics(_: Viewer) -> Response:
        """Prometheus' text format."""
        return Response(counts.exposition(), media_type="text/plain; version=0.0.4")

    @made.get(HEALTH)
    async def healthz() -> Response:
        """200 while Redis answers, else 503: matches are answered then too, in the order given."""
        up = await healthy()
        return JSONResponse({"redis": up}, 200 if up else 503)

    return made


def _json(answer: Mapping[str, Any]) -> Response:
    """As it is: FastAPI would check and copy it twice. A test holds it to its description."""
    return Response(orjson.dumps(answer), media_type="application/json")


def _explain(made: FastAPI) -> None:
    """Errors as one sentence that names the field, or what to do."""

    @made.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        return JSONResponse({"error": f"{where or 'body'}: {first['msg']}"}, 422)

    @made.exception_handler(PenchantError)
    async def failed(_: Request, error: PenchantError) -> Response:
        if isinstance(error, StoreUnavailable):
            return JSONResponse({"error": str(error)}, 503, {"Retry-After": str(RETRY_AFTER_S)})
        return JSONResponse({"error": str(error)}, 422 if isinstance(error, SettingInvalid) else 500)


class Bounded:
    """Refuses requests beyond a number at once, before anything of them is read, and counts the others.

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
        self._counts.in_flight.set(self._in_flight)
        try:
            await app(scope, receive, noted)
        finally:
            self._in_flight -= 1
            self._counts.in_flight.set(self._in_flight)
            self._counts.answered(path if path in _PATHS else "other", status, now() - began_s)


_PATHS = frozenset({"/v1/match", "/v1/intent"})
_busy = JSONResponse({"error": "too many requests at once"}, 429, {"Retry-After": str(RETRY_AFTER_S)})
