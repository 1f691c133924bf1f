"""Rendering: a template as an answer, with what every page has: where one is, who one is, and what one may do."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from penchant.console.frames import Frames, environment
from penchant.console.views.banner import banner
from penchant.console.watch import FleetWatch
from penchant.front.gate import permit
from penchant.front.roles import Person, Role

NAVIGATION = (
    ("/", "Overview"), ("/shopper", "Shopper"), ("/fleet", "Fleet"), ("/models", "Models"),
    ("/experiments", "Experiments"), ("/dead-letters", "Dead letters"), ("/replays", "Replays"), ("/jobs", "Jobs"),
    ("/labels", "Labels"), ("/control", "Control"), ("/activity", "Activity"), ("/doctor", "Doctor"),
    ("/settings", "Settings"),
)  # fmt: skip

NEEDS: Mapping[str, Role] = {"/labels": "privacy"}
"""Pages that are for one role alone."""


class Rendering:
    """The templates. With `read_only` nobody may change anything."""

    def __init__(self, watch: FleetWatch, *, read_only: bool) -> None:
        self._watch = watch
        self._templates: Environment = environment()
        self._read_only = read_only

    def answer(
        self, request: Request, template: str, values: dict[str, Any], stream: str = "", status: int = 200
    ) -> HTMLResponse:
        """The page; with `stream` it is kept up to date from there."""
        person = getattr(request.state, "person", None)
        shown = {"banner": banner(self._watch.now), **values}
        shown |= {
            "path": request.url.path,
            "pages": [each for each in NAVIGATION if person and person.may(NEEDS.get(each[0], "viewer"))],
            "person": person,
            "csrf": request.state.csrf,
            "stream": stream,
            "may": lambda role: self.may(request, role),
        }
        return HTMLResponse(self._templates.get_template(template).render(shown), status)

    def frames(self, template: str, blocks: tuple[str, ...]) -> Frames:
        """The blocks of a page."""
        return Frames(self._templates.get_template(template), blocks)

    def may(self, request: Request, role: Role) -> bool:
        """Whether who sends it may change what the role changes."""
        person = getattr(request.state, "person", None)
        return person is not None and person.may(role) and not self._read_only

    def changing(self, request: Request, role: Role) -> Person:
        """Who sends it; HTTPException 403 unless they may change what the role changes."""
        if self._read_only:
            raise HTTPException(403, "this console is read-only (console.read_only)")
        return permit(request, role)
