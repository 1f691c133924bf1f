"""Gate: what every request passes before anything is served, and the headers that every answer has.

In this order: the host, the origin, the size, who it is, and for what changes something the CSRF token. A bearer token
needs none, since no browser sends one by itself.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.front.body import BodyCutShort, BodyTooLarge, fields, read, replayed
from penchant.front.identity import Identities
from penchant.front.origins import foreign_host, foreign_origin
from penchant.front.roles import Person, Role
from penchant.front.rules import HttpRules

READS = frozenset({"GET", "HEAD"})
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf"

LARGE_AT_ONCE = 2
"""Bodies beyond the usual size that are held at a time: each is in memory until its request is served."""

CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        *("script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"),
        *("form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"),
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers say of no form which site sent it
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Gate:
    """Stands before an application. `open_paths` are served to anybody who comes by a known host: whole paths, and all
    below those that end with a slash. With `sign_in` people are sent there who have yet to say who they are.
    `programs`: there are no pages, and JSON stands in for CSRF tokens. `larger`: bytes that a body may have on some
    paths, of whoever is known; of such only a few at once.

    The application finds the Person at `request.state.person`; it is missing on open paths alone.
    """

    def __init__(
        self,
        app: ASGIApp,
        rules: HttpRules,
        identities: Identities,
        hosts: frozenset[str],
        open_paths: Sequence[str] = (),
        sign_in: str | None = None,
        *,
        programs: bool = False,
        larger: Mapping[str, int] | None = None,
    ) -> None:
        self._programs, self._larger = programs, larger or {}
        self._app, self._rules, self._identities, self._hosts = app, rules, identities, hosts
        self._open_paths, self._sign_in = tuple(open_paths), sign_in
        self._large = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            raise ValueError(f"the front serves http, not {scope['type']}")
        asked, secured = HTTPConnection(scope), _secured(send)
        large = self._is_large(asked)
        self._large += large
        try:
            receive = await self._admit(asked, receive, full=large and self._large > LARGE_AT_ONCE)
        except HTTPException as refusal:
            await self._refused(asked, refusal)(scope, receive, secured)
        else:
            await self._app(scope, receive, secured)
        finally:
            self._large -= large

    async def _admit(self, asked: HTTPConnection, receive: Receive, *, full: bool) -> Receive:
        """Judge it, and note who it is; returns where its body is read. `full`: there is no room for its body.
        HTTPException refuses it."""
        headers, changes = asked.headers, asked.scope["method"] not in READS
        if foreign_host(headers.get("host"), self._hosts):
            raise HTTPException(421, "this host is not served here; a name of it is set by http.hosts")
        if foreign_origin(headers.get("origin"), headers.get("sec-fetch-site"), headers["host"], changes=changes):
            raise HTTPException(403, "a page of another site sent this")
        if full:
            raise HTTPException(429, "too many files at once: send it again in a second", {"Retry-After": "1"})
        person = self._identities.person(asked)
        most = self._most(asked, person)
        body = await self._body(headers, receive, most) if changes else ()
        asked.state.csrf = ""
        if not self._is_open(asked.url.path):
            if person is None or not person.roles:
                raise HTTPException(401, "say who you are: a token is missing, wrong or taken back")
            asked.state.person, asked.state.csrf = person, self._identities.csrf(person)
            if changes and "authorization" not in headers:
                self._judge_unasked(person, headers, body)
        return replayed(body, receive) if changes else receive

    def _is_large(self, asked: HTTPConnection) -> bool:
        """Whether its body may be larger than usual; one that does not say its size may."""
        size = asked.headers.get("content-length", "")
        changes = asked.scope["method"] not in READS and asked.url.path in self._larger
        return changes and _is_form(asked) and not (size.isdecimal() and int(size[:20]) <= self._rules.body_bytes)

    def _most(self, asked: HTTPConnection, person: Person | None) -> int:
        """How many bytes a body may have. A file comes in a form of parts, which is read in slices."""
        usual = self._rules.body_bytes
        return max(self._larger.get(asked.url.path, usual), usual) if person and _is_form(asked) else usual

    async def _body(self, headers: Headers, receive: Receive, most: int) -> Sequence[bytes]:
        try:
            return await read(receive, most, headers.get("content-length", "0"))
        except BodyTooLarge:
            raise HTTPException(
                413, f"a body may have {most:,} bytes (http.body_bytes; files, as forms of parts, jobs.file_bytes)"
            ) from None
        except BodyCutShort:
            raise HTTPException(408, "the body did not come whole in time") from None

    def _judge_unasked(self, person: Person, headers: Headers, body: Sequence[bytes]) -> None:
        """Whether a browser could have been led to send it. Programs send JSON, which no browser sends for another
        site's page without asking us first."""
        if not self._programs:
            self._judge_csrf(person, headers, b"".join(body))
        elif _content_type(headers) != "application/json":
            raise HTTPException(415, "send JSON, as Content-Type: application/json")

    def _judge_csrf(self, person: Person, headers: Headers, body: bytes) -> None:
        given = headers.get(CSRF_HEADER) or fields(body).get(CSRF_FIELD, "")
        if not self._identities.holds_csrf(person, given):
            raise HTTPException(403, "the page is too old, or not ours: load it again")

    def _is_open(self, path: str) -> bool:
        return any(path.startswith(each) if each.endswith("/") else path == each for each in self._open_paths)

    def _refused(self, asked: HTTPConnection, refusal: HTTPException) -> Response:
        """In the form that the sender asks for; whoever could sign in is sent to where."""
        wants = asked.headers.get("accept", "")
        if refusal.status_code == 401:
            if self._sign_in is not None and asked.scope["method"] == "GET" and "text/html" in wants:
                return RedirectResponse(f"{self._sign_in}?next={quote(asked.url.path)}", 303)
            refusal.headers = {"WWW-Authenticate": "Bearer"}
        if "text/html" in wants:
            return PlainTextResponse(refusal.detail, refusal.status_code, refusal.headers)
        return JSONResponse({"error": refusal.detail}, refusal.status_code, refusal.headers)


def permit(request: Request, role: Role) -> Person:
    """Who sends it; HTTPException 403 unless they have the role."""
    person: Person = request.state.person
    if not person.may(role):
        raise HTTPException(403, f"{person.name} is not {role}; roles are given by http.tokens_file or a proxy")
    return person


def _is_form(asked: HTTPConnection) -> bool:
    return _content_type(asked.headers) == "multipart/form-data"


def _content_type(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _secured(send: Send) -> Send:
    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return secured
