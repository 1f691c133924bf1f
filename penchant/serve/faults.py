"""Faults: why there is no answer, by the field that is wrong and with what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Route

from penchant.serve.bodies import Fault
from streams.errors import PenchantError, SettingInvalid, StoreUnavailable

RETRY_AFTER_S = 1
METHOD_NOT_ALLOWED = 405
AGAIN = f"send it again in {RETRY_AFTER_S} s, as Retry-After says"
FAULTS = {status: {"model": Fault} for status in (400, 401, 403, 408, 413, 415, 421, 422, 429, 503)}
"""Statuses without an answer; the gate's are among them."""


class Declined(HTTPException):
    """Why a request is not served, the field that it is about, and what to do."""

    def __init__(self, status: int, error: str, field: str, remedy: str) -> None:
        super().__init__(status, error)
        self.field, self.remedy = field, remedy


def explain(made: FastAPI, bodies: Mapping[str, type[BaseModel]]) -> None:
    """Errors name the field and the remedy, which is the description of the field in the body of the path."""

    @made.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        body = bodies.get(request.url.path)
        field = "" if first["type"] == "json_invalid" else _field(first["loc"])
        return refused(422, f"{field or 'body'}: {first['msg']}", field, _remedy(body, field))

    @made.exception_handler(HTTPException)
    async def unserved(request: Request, error: HTTPException) -> Response:
        if error.status_code == METHOD_NOT_ALLOWED:
            allowed = ", ".join(_methods(request))
            return refused(error.status_code, error.detail, "", f"send {allowed}", {"Allow": allowed})
        field, remedy = (error.field, error.remedy) if isinstance(error, Declined) else ("", "")
        return refused(error.status_code, error.detail, field, remedy, error.headers)

    @made.exception_handler(PenchantError)
    async def failed(_: Request, error: PenchantError) -> Response:
        if isinstance(error, StoreUnavailable):
            return refused(503, str(error), "", AGAIN, {"Retry-After": str(RETRY_AFTER_S)})
        if isinstance(error, SettingInvalid):
            return refused(422, str(error).partition("\n")[0], "", error.remedy)
        return refused(500, str(error))


def refused(
    status: int, error: str, field: str = "", remedy: str = "", headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An answer that says why there is none."""
    return JSONResponse(Fault(error=error, field=field, remedy=remedy).model_dump(), status, headers)


def wrong(field: str, why: str) -> RequestValidationError:
    """A field of the body whose value no schema can refuse."""
    return RequestValidationError([{"loc": ("body", field), "msg": why, "type": "value_error"}])


def _methods(request: Request) -> list[str]:
    """All that its path has: a router knows those of its first function alone."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    return sorted(
        {method for route in routes if route.path_regex.match(request.url.path) for method in route.methods or ()}
    )


def _field(place: Sequence[Any]) -> str:
    """`candidates.0` of a place in the body, without the names of alternatives."""
    parts = [part for at, part in enumerate(place[1:]) if at == 0 or isinstance(part, int)]
    return ".".join(map(str, parts))


def _remedy(body: type[BaseModel] | None, field: str) -> str:
    name = field.partition(".")[0]
    if body is None:
        return f"GET /openapi.json describes {name or 'it'}"
    if name in body.model_fields:
        return body.model_fields[name].description or ""
    return f"send a JSON object with {', '.join(body.model_fields)}"
