"""App: the console's pages, their streams, and signing in."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from penchant.console.frames import Frames, environment
from penchant.console.snapshot import Snapshot
from penchant.console.stalest import StalestCache
from penchant.console.streams import Values, stream
from penchant.console.views.fleet import fleet
from penchant.console.views.models import models
from penchant.console.views.overview import chart, overview
from penchant.console.views.shopper import shopper
from penchant.console.watch import FleetWatch
from penchant.front.body import form
from penchant.front.gate import permit
from penchant.front.identity import COOKIE, SESSION_S, Identities
from penchant.operations.inspection.shopper_report import gather
from penchant.operations.inspection.stalest import Stale, stalest
from penchant.settings.root import Settings
from streams.errors import PenchantError, StoreCorrupt, StoreUnavailable

SIGN_IN = "/sign-in"
OPEN_PATHS = (SIGN_IN, "/static/")
STATIC = Path(__file__).parent / "static"
LONGEST_SHOPPER = 128
LATEST, SCANNED = 20, 2_000
"""How many shoppers the page of all shows, of so many that it looks at."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the fleet: where it is, what it is called, its blocks and what they show of a snapshot."""

    path: str
    title: str
    blocks: tuple[str, ...]
    values: Values

    @property
    def template(self) -> str:
        """The name of its file."""
        return f"{self.title.lower()}.html"


SHOPPER_BLOCKS = ("banner", "answer", "lines", "waits", "facts", "prompt")


class Console:
    """All of it. The routes are its methods."""

    def __init__(self, settings: Settings, watch: FleetWatch, identities: Identities) -> None:
        self._settings, self._watch, self._identities = settings, watch, identities
        self._templates: Environment = environment()
        self._stalest = StalestCache(settings)
        self._stale: Sequence[Stale] = ()
        blocks = ("banner", "answer", "flow", "point", "changes", "figures", "stale")
        self._pages = (
            Page("/", "Overview", blocks, self._overview),
            Page("/fleet", "Fleet", ("banner", "answer", "heat", "rows"), _alone(fleet)),
            Page("/models", "Models", ("banner", "answer", "rows", "figures"), _alone(models)),
        )
        self._frames = {page: self._new_frames(page.template, page.blocks) for page in self._pages}

    def app(self) -> Starlette:
        """The application, to stand behind the gate."""
        routes: list[Route | Mount] = [Mount("/static", StaticFiles(directory=STATIC))]
        for page in self._pages:
            routes.append(Route(page.path, partial(self._page, page)))
            routes.append(Route(f"/stream{page.path}", partial(self._page_stream, page)))
        routes += [
            Route("/points", self._points),
            Route("/shopper", self._shopper),
            Route("/stream/shopper", self._shopper_stream),
            Route(SIGN_IN, self._sign_in, methods=["GET", "POST"]),
        ]
        return Starlette(routes=routes, exception_handlers={PenchantError: self._failed, HTTPException: self._refused})

    async def _page(self, page: Page, request: Request) -> Response:
        return self._render(request, page.template, await page.values(self._watch.now), f"/stream{page.path}")

    async def _page_stream(self, page: Page, request: Request) -> StreamingResponse:
        return stream(request, self._watch, self._frames[page], page.values)

    async def _overview(self, seen: Snapshot) -> dict[str, Any]:
        with suppress(StoreUnavailable, StoreCorrupt):  # the page says so by itself
            self._stale = await self._stalest.read()
        return overview(seen, self._stale, self._settings.backlog.freshness_target_s)

    async def _points(self, _: Request) -> Response:
        """The chart's columns and marks."""
        return JSONResponse(chart(self._watch.now, self._settings.backlog.freshness_target_s))

    async def _shopper(self, request: Request) -> Response:
        """One shopper, or those whose intents are latest."""
        name = _shopper_of(request)
        if not name:
            found, _ = await stalest(self._settings, LATEST, SCANNED)
            return self._render(request, "shoppers.html", {"found": found})
        values = await self._shopper_values(name, raw=_raw(request))(self._watch.now)
        query = request.url.query.replace('"', "")
        return self._render(request, "shopper.html", values, f"/stream/shopper?{query}")

    async def _shopper_stream(self, request: Request) -> StreamingResponse:
        values = self._shopper_values(_shopper_of(request), raw=_raw(request))
        return stream(request, self._watch, self._new_frames("shopper.html", SHOPPER_BLOCKS), values)

    def _shopper_values(self, name: str, *, raw: bool) -> Values:
        async def values(seen: Snapshot) -> dict[str, Any]:
            return shopper(await gather(self._settings, name, search=False), seen, raw=raw)

        return values

    async def _sign_in(self, request: Request) -> Response:
        next_path = _own_path(request.query_params.get("next", "/"))
        if request.method == "GET":
            return self._render(request, "sign_in.html", {"wrong": False})
        cookie = self._identities.session((await form(request)).get("token", "").strip())
        if cookie is None:
            log.warning("sign_in.refused", peer=request.client.host if request.client else "")
            return self._render(request, "sign_in.html", {"wrong": True}, status=401)
        answer = RedirectResponse(next_path, 303)
        secure = request.url.scheme == "https" or "https://" in request.headers.get("origin", "")
        answer.set_cookie(COOKIE, cookie, max_age=SESSION_S, httponly=True, samesite="strict", secure=secure)
        return answer

    def _render(
        self, request: Request, template: str, values: dict[str, Any], stream_path: str = "", status: int = 200
    ) -> HTMLResponse:
        person = getattr(request.state, "person", None)
        shown = values | {
            "path": request.url.path,
            "pages": [("/", "Overview"), ("/shopper", "Shopper"), ("/fleet", "Fleet"), ("/models", "Models")],
            "person": person,
            "csrf": request.state.csrf,
            "stream": stream_path,
        }
        return HTMLResponse(self._templates.get_template(template).render(shown), status)

    def _new_frames(self, template: str, blocks: tuple[str, ...]) -> Frames:
        return Frames(self._templates.get_template(template), blocks)

    async def _failed(self, request: Request, error: Exception) -> Response:
        """What the commands would say, on a page."""
        status = 503 if isinstance(error, StoreUnavailable) else 500 if isinstance(error, StoreCorrupt) else 400
        return self._render(request, "failed.html", {"message": str(error)}, status=status)

    async def _refused(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        values = {"message": error.detail}
        return self._render(request, "failed.html", values, status=error.status_code)


def _alone(view: Callable[[Snapshot], dict[str, Any]]) -> Values:
    """What a page shows that needs nothing but the snapshot."""

    async def values(seen: Snapshot) -> dict[str, Any]:
        return view(seen)

    return values


def _shopper_of(request: Request) -> str:
    return request.query_params.get("id", "").strip()[:LONGEST_SHOPPER]


def _raw(request: Request) -> bool:
    """Whether texts are to be shown; HTTPException unless the person may see them. Who did is logged."""
    if request.query_params.get("raw") != "1":
        return False
    person = permit(request, "privacy")
    log.info("raw_text.shown", shopper=_shopper_of(request), who=person.name)
    return True


def _own_path(path: str) -> str:
    """A path of ours: nobody is sent elsewhere after signing in."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
