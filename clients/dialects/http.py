"""HTTP to a model server: deadlines, server-sent events and errors. The words are the dialects' own."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import httpx
import pydantic

from clients.dialects.access import ANYBODY, AUTHORIZATION, Access
from clients.dialects.connections import Connections
from clients.dialects.lines import Lines, OddWords
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

JSON = "application/json"

Refusal = Callable[[int, str, float | None], ModelUnavailable | PromptTooLong]
"""What a status, its text and the seconds of Retry-After mean to a call."""


class Refused(Exception):  # as the errors of streams/errors.py
    """An answer with an error's status, before anybody has said what it means."""

    def __init__(self, status: int, content: bytes, url: str, retry_after: str = "") -> None:
        super().__init__(f"{status} at {url}")
        self.status, self.content, self.url, self.retry_after = status, content, url, retry_after


class HttpServer:
    """The connections to one server. `refusal` and `remedy` are the dialect's words for what goes wrong.

    The login of the URL is sent, and is part of nothing that is shown. Every wait is inside `until`, which `close`
    ends: aiohttp leaves the readers of a closed session waiting. Proxies of the environment are not used.
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
        self._limits: set[asyncio.Timeout] = set()
        self._closed = False
        self._basic = {AUTHORIZATION: _basic(url)} if url.userinfo else {}
        headers = {"Accept-Encoding": "identity"}
        self._connections = Connections(max_connections, connect_timeout_s, headers, access.tls)

    @asynccontextmanager
    async def calling(self, deadline_s: float) -> AsyncIterator[None]:
        """What is inside is a call: bounded by its deadline, with errors as the port has them."""
        if deadline_s <= asyncio.get_running_loop().time():
            raise DeadlinePassed("the deadline passed before the call began")
        with self._our_errors():
            async with self._until(deadline_s):
                yield

    @asynccontextmanager
    async def probing(self, timeout_s: float) -> AsyncIterator[None]:
        """What is inside is a probe: the wrong server or the wrong words are a ContractMismatch."""
        with self._our_errors(probing=True):
            async with self._until(asyncio.get_running_loop().time() + timeout_s):
                yield

    async def get(self, url: str) -> bytes:
        """The answer's content."""
        return await self._content("GET", url, None)

    async def get_if_there(self, url: str) -> bytes | None:
        """The same of something that not every server has: None for any status that says so."""
        try:
            return await self._content("GET", url, None)
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

    async def stream(
        self, url: str, body: bytes, absorb: Callable[[bytes], None], headers: Mapping[str, str] | None = None
    ) -> None:
        """Hand each event of the answer to `absorb`; an answer that is no stream counts as one event."""
        async with self._answer("POST", url, body, headers) as response:
            if response.headers.get("Content-Type", "").startswith(JSON):
                absorb(await response.read())
                return
            lines = Lines()
            async for chunk in response.content.iter_any():
                for payload in lines.feed(chunk):
                    absorb(payload)
            for payload in lines.end():
                absorb(payload)

    async def close(self) -> None:
        """End the running calls as ModelUnavailable and the connections. Again is harmless."""
        self._closed = True
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(0)
        await self._connections.close()

    async def _content(self, method: str, url: str, body: bytes | None) -> bytes:
        async with self._answer(method, url, body) as response:
            return await response.read()

    @asynccontextmanager
    async def _answer(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer with its content still to be read; Refused when its status is that of no answer."""
        typed = {"Content-Type": JSON} if body is not None else {}
        sent = {**self._access.headers(), **self._basic, **typed, **(headers or {})}  # a URL's login before the key
        response = await self._connections.open(method, url, body, sent)
        try:
            if not 200 <= response.status < 300:
                said = await response.read()
                raise Refused(response.status, said, url, response.headers.get("Retry-After", ""))
            yield response
        finally:
            response.release()  # closes the connection where some of the answer was not read

    @asynccontextmanager
    async def _until(self, deadline_s: float) -> AsyncIterator[None]:
        async with asyncio.timeout_at(deadline_s) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.remove(limit)

    @contextmanager
    def _our_errors(self, *, probing: bool = False) -> Iterator[None]:
        """The boundary: what aiohttp and pydantic raise becomes ours."""
        if self._closed:
            raise ModelUnavailable(f"{self.endpoint}: this client is closed")
        try:
            yield
        except TimeoutError as exc:
            unconnected = isinstance(exc, aiohttp.ServerTimeoutError)
            late = ModelUnavailable if probing or unconnected or self._closed else DeadlinePassed
            raise late(f"{self.endpoint}: no {'connection' if unconnected else 'answer'} in time") from exc
        except (pydantic.ValidationError, OddWords, UnicodeError) as exc:
            strange = ContractMismatch if probing else ModelUnavailable
            raise strange(f"{self.endpoint}: expected the words of this dialect, found others: {exc}") from exc
        except Refused as exc:
            raise self._meaning(exc, probing=probing) from exc
        except ContractMismatch as exc:
            if probing:
                raise
            raise ModelUnavailable(str(exc)) from exc  # perhaps only while the server is being changed
        except RuntimeError as exc:  # aiohttp's word for a read after the client was closed
            if not self._closed:
                raise
            raise ModelUnavailable(f"{self.endpoint}: this client is closed") from exc
        except aiohttp.ClientError as exc:
            why = tls.cause(str(exc)) or self.masked(str(exc)) or type(exc).__name__
            raise ModelUnavailable(f"{self.endpoint}: {why}") from exc

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
