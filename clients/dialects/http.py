"""HTTP to a model server: deadlines, server-sent events and errors. The words are the dialects' own."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType

import httpx
import pydantic

from clients.dialects.access import ANYBODY, AUTHORIZATION, Access
from clients.dialects.answers import Absorb, StreamedAnswer, WholeAnswer
from clients.dialects.connection import BrokenConnection
from clients.dialects.connections import Connections, Unconnected
from clients.dialects.lines import OddWords
from clients.dialects.wire import ALWAYS_SENT, request
from streams import address, tls
from streams.errors import (
    ContractMismatch,
    DeadlinePassed,
    ModelUnavailable,
    PenchantError,
    PromptTooLong,
    SettingInvalid,
)

KEY_REFUSED = "set `model.api_key` (or `api_key_file`, or the endpoint's own) to a key that the server takes"

Refusal = Callable[[int, str, float | None], ModelUnavailable | PromptTooLong]
"""What a status, its text and the seconds of Retry-After mean to a call."""


class Refused(Exception):  # as the errors of streams/errors.py
    """An answer with an error's status, before anybody has said what it means."""

    def __init__(self, status: int, content: bytes, url: str, retry_after: str = "") -> None:
        super().__init__(f"{status} at {url}")
        self.status, self.content, self.url, self.retry_after = status, content, url, retry_after


class HttpServer:
    """The connections to one server. `refusal` and `remedy` are the dialect's words for what goes wrong.

    The login of the URL is sent, and is part of nothing that is shown. Every wait is inside `calling` or `probing`,
    which `close` ends. Proxies of the environment are not used, and no redirection is followed.
    """

    def __init__(
        self,
        url: httpx.URL,
        refusal: Refusal,
        remedy: str,
        access: Access = ANYBODY,
        *,
        max_connections: int = 256,
        connect_timeout_s: float = 3.0,
    ) -> None:
        self.endpoint = url.netloc.decode()
        self._refusal, self._remedy = refusal, remedy
        self._access, self._login = access, (url.password, url.userinfo.decode(errors="replace"))
        self.limits: set[asyncio.Timeout] = set()
        self.closed = False
        self._basic = {AUTHORIZATION: _basic(url)} if url.userinfo else {}
        self._head = f"Host: {self.endpoint}\r\n{ALWAYS_SENT}"
        self._connections = Connections(url, max_connections, connect_timeout_s, access.tls)

    def calling(self, deadline_s: float) -> "Bounds":
        """What is inside is a call: bounded by its deadline, with errors as the port has them."""
        if deadline_s <= asyncio.get_running_loop().time():
            raise DeadlinePassed("the deadline passed before the call began")
        return Bounds(self, deadline_s)

    def probing(self, timeout_s: float) -> "Bounds":
        """What is inside is a probe: the wrong server or the wrong words are a ContractMismatch."""
        return Bounds(self, asyncio.get_running_loop().time() + timeout_s, probing=True)

    async def get(self, url: str) -> bytes:
        """The answer's content."""
        return await self._content("GET", url, b"")

    async def get_if_there(self, url: str) -> bytes | None:
        """The same of something that not every server has: None for any status that says so."""
        try:
            return await self._content("GET", url, b"")
        except Refused as refused:
            if 400 <= refused.status < 500:
                return None
            raise

    async def post(self, url: str) -> bytes:
        """The answer's content; the request has none."""
        return await self._content("POST", url, b"{}")

    def masked(self, text: str) -> str:
        """What a server says, without the secrets that it was sent."""
        for secret in filter(None, (self._access.shown(), *self._login)):
            text = text.replace(secret, "(hidden)")
        return text

    async def stream(self, url: str, body: bytes, absorb: Absorb, headers: Mapping[str, str] | None = None) -> None:
        """Hand the events of the answer to `absorb` as they come; an answer that is no stream counts as one event.
        Refused when its status is that of no answer."""
        answer = StreamedAnswer(absorb)
        await self._connections.ask(self._request("POST", url, body, headers), answer)
        self._check(answer, url)

    async def close(self) -> None:
        """End the running calls as ModelUnavailable and the connections. Again is harmless."""
        self.closed = True
        for limit in self.limits:
            if not limit.expired():
                limit.reschedule(0)
        await self._connections.close()

    async def _content(self, method: str, url: str, body: bytes) -> bytes:
        answer = WholeAnswer()
        await self._connections.ask(self._request(method, url, body), answer)
        self._check(answer, url)
        return answer.content

    def _check(self, answer: WholeAnswer, url: str) -> None:
        if not answer.good:
            raise Refused(answer.status, answer.content, url, answer.headers.get("retry-after", ""))

    def _request(self, method: str, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
        sent = {**self._access.headers(), **self._basic, **(headers or {})}  # a URL's login before the key
        return request(method, url, self._head, sent, body)

    def error(self, exc: BaseException, *, probing: bool) -> PenchantError | None:
        """The boundary: what connections and pydantic raise, as the port has it; None for all else."""
        match exc:
            case Unconnected() | TimeoutError():
                unconnected = isinstance(exc, Unconnected)
                late = ModelUnavailable if probing or unconnected or self.closed else DeadlinePassed
                return late(f"{self.endpoint}: no {'connection' if unconnected else 'answer'} in time")
            case pydantic.ValidationError() | OddWords() | UnicodeError():
                strange = ContractMismatch if probing else ModelUnavailable
                return strange(f"{self.endpoint}: expected the words of this dialect, found others: {exc}")
            case Refused():
                return self._meaning(exc, probing=probing)
            case ContractMismatch() if not probing:
                return ModelUnavailable(str(exc))  # perhaps only while the server is being changed
            case BrokenConnection():
                why = tls.cause(str(exc)) or self.masked(str(exc))
                return ModelUnavailable(f"{self.endpoint}: {why}")
            case _:
                return None

    def refused(self, answer: Refused) -> ModelUnavailable | PromptTooLong:
        """What an answer with an error's status means to a call."""
        return self._refusal(answer.status, self._said(answer), _seconds(answer.retry_after))

    def _said(self, answer: Refused) -> str:
        if answer.status in (401, 403):  # whose text may hold a piece of the key
            return KEY_REFUSED
        # Whatever charset a proxy's page claims, which may not exist: all that is read of it is a message.
        return self.masked(answer.content.decode(errors="replace"))

    def _meaning(self, answer: Refused, *, probing: bool) -> PenchantError:
        status, text = answer.status, self._said(answer)
        if not probing or status in (408, 429):
            return self.refused(answer)
        if status in (401, 403):
            return ContractMismatch(f"{self.endpoint}: expected a key that is taken, found {status}", text)
        found = f"{status} at {answer.url}: {text[:300]}"
        if status < 500:  # the wrong server
            return ContractMismatch(f"{self.endpoint}: expected another server, found {found}", self._remedy)
        return ModelUnavailable(f"{self.endpoint}: {found}")  # no overload: a probe is no call, and asks for little


class Bounds:
    """What is inside ends by a moment on the loop's clock, or when the server's client is closed, and raises errors of
    the port."""

    def __init__(self, server: HttpServer, until_s: float, *, probing: bool = False) -> None:
        self._server, self._probing = server, probing
        self._limit = asyncio.timeout_at(until_s)

    async def __aenter__(self) -> None:
        if self._server.closed:
            raise ModelUnavailable(f"{self._server.endpoint}: this client is closed")
        await self._limit.__aenter__()
        self._server.limits.add(self._limit)

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.limits.discard(self._limit)
        try:
            await self._limit.__aexit__(kind, exc, trace)
        except TimeoutError as late:
            exc = late
        if exc is not None and (error := self._server.error(exc, probing=self._probing)) is not None:
            raise error from exc


def http_url(text: str, remedy: str) -> httpx.URL:
    """A URL of HTTP; SettingInvalid when the text is none, which shows no login."""
    try:
        url = httpx.URL(text.rstrip("/"))
        address.checked(text)
    except (httpx.InvalidURL, ValueError):  # whose text may hold half a password
        raise SettingInvalid(f"the model URL {address.shown(text)!r} cannot be read", remedy) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingInvalid(f"the model URL {address.shown(text)!r} has no http:// or https:// and host", remedy)
    return url


def _basic(url: httpx.URL) -> str:
    return f"Basic {b64encode(f'{url.username}:{url.password}'.encode()).decode()}"


def without_login(url: httpx.URL) -> httpx.URL:
    """The URL as errors may show it."""
    return url.copy_with(userinfo=b"")


def _seconds(retry_after: str) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3), a number of them or a date; None for anything else."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():  # "²" is a digit too
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
