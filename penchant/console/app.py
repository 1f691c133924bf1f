"""App: the console's pages put together, with signing in and what an error looks like."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from penchant.console.asking import Asking
from penchant.console.dead_letter_pages import BUSY, DeadLetterPages
from penchant.console.decisions import Decisions
from penchant.console.job_pages import JobPages
from penchant.console.label_pages import LabelPages
from penchant.console.live_pages import LivePages
from penchant.console.lookups import Lookups
from penchant.console.ranges import PrometheusRanges
from penchant.console.rendering import Rendering
from penchant.console.replay_pages import ReplayPages
from penchant.console.replay_runner import ReplayRunner
from penchant.console.runner import Runner
from penchant.console.shopper_pages import ShopperPages
from penchant.console.views.dead_letters import RedriveRun
from penchant.console.watch import FleetWatch
from penchant.front.body import form
from penchant.front.identity import COOKIE, SESSION_S, Identities
from penchant.settings.root import Settings
from streams.errors import PenchantError, Retry

SIGN_IN = "/sign-in"
OPEN_PATHS = (SIGN_IN, "/static/")
STATIC = Path(__file__).parent / "static"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Runners:
    """What a console may run beside its pages, of each kind one at a time."""

    replay: ReplayRunner
    redrive: Runner[RedriveRun]

    @classmethod
    def of(cls, settings: Settings) -> "Runners":
        """None running yet."""
        return cls(ReplayRunner(settings), Runner("redrive", BUSY))

    async def hold(self) -> None:
        """Stop all of them."""
        await asyncio.gather(self.replay.hold(), self.redrive.hold())


class Console:
    """All of it, to stand behind the gate. `origins` say where each setting came from."""

    def __init__(
        self,
        settings: Settings,
        origins: Mapping[str, str],
        watch: FleetWatch,
        identities: Identities,
        runners: Runners,
        ranges: PrometheusRanges | None,
    ) -> None:
        self._identities = identities
        self._rendering = Rendering(watch, read_only=settings.console.read_only)
        self._rooms = (
            Decisions(settings, watch, self._rendering),
            LivePages(settings, watch, self._rendering, ranges),
            ShopperPages(settings, watch, self._rendering),
            Asking(settings, self._rendering),
            DeadLetterPages(settings, watch, self._rendering, runners.redrive),
            ReplayPages(settings, watch, self._rendering, runners.replay),
            JobPages(settings, watch, self._rendering),
            LabelPages(settings.console.labels_folder, self._rendering),
            Lookups(settings, origins, self._rendering),
        )

    def app(self) -> Starlette:
        """The application."""
        own = [Mount("/static", StaticFiles(directory=STATIC)), Route(SIGN_IN, self._sign_in, methods=["GET", "POST"])]
        routes = [*own, *(route for room in self._rooms for route in room.routes())]
        return Starlette(routes=routes, exception_handlers={PenchantError: self._failed, HTTPException: self._refused})

    async def _sign_in(self, request: Request) -> Response:
        if request.method == "GET":
            return self._rendering.answer(request, "sign_in.html", {"wrong": False})
        cookie = self._identities.session((await form(request)).get("token", "").strip())
        if cookie is None:
            log.warning("sign_in.refused", peer=request.client.host if request.client else "")
            return self._rendering.answer(request, "sign_in.html", {"wrong": True}, status=401)
        answer = RedirectResponse(_own_path(request.query_params.get("next", "/")), 303)
        secure = request.headers.get("origin", "").startswith("https://")
        answer.set_cookie(COOKIE, cookie, max_age=SESSION_S, httponly=True, samesite="strict", secure=secure)
        return answer

    async def _failed(self, request: Request, error: Exception) -> Response:
        """What a command would say."""
        status = 503 if isinstance(error, Retry) else 400
        return self._rendering.answer(request, "failed.html", {"message": str(error)}, status=status)

    async def _refused(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        return self._rendering.answer(request, "failed.html", {"message": error.detail}, status=error.status_code)


def _own_path(path: str) -> str:
    """A path of ours: nobody is sent elsewhere after signing in."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
