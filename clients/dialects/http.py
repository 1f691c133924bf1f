"""HTTP to a model server: deadlines, server-sent events and errors. The words are the dialects' own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType

import aiohttp
import httpx
import pydantic

from clients.dialects import tls
from clients.dialects.connections import Connections
from clients.dialects.lines import Lines
from streams import address
from streams.errors import ContractMismatch, DeadlinePassed, ModelUnavailable, PenchantError, SettingInvalid

KEY_REFUSED = "set `model.api_key`, or the endpoint's own `api_key`, to a key that the server takes"

JSON = {"Content-Type": "application/json"}
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

Refusal = Callable[[int, str, float | None], ModelUnavailable]
"""What a status, its text and the seconds of Retry-After mean to a call."""


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
        api_key: str | None = None,
        *,
        max_connections: int = 256,
        connect_timeout_s: float = 3.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.endpoint = url.netloc.decode()
        self._refusal, self._remedy = refusal, remedy
        self._secrets = tuple(filter(None, (api_key, url.password, url.userinfo.decode(errors="replace"))))
        self._limits: set[asyncio.Timeout] = set()
        self._closed = False
        self._http = httpx.AsyncClient(
            transport=transport or Connections(max_connections),
            timeout=httpx.Timeout(None, connect=connect_timeout_s),  # the call's deadline bounds the rest
            auth=httpx.BasicAuth(url.username, url.password) if url.userinfo else None,
            headers={"Accept-Encoding": "identity", **({"Authorization": f"Bearer {api_key}"} if api_key else {})},
            trust_env=False,
        )

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
        return (await self._http.get(url)).raise_for_status().content

    async def get_if_there(self, url: str) -> bytes | None:
        """The same of something that not every server has: None for any status that says so."""
        response = await self._http.get(url)
        if response.is_client_error:
            return None
        return response.raise_for_status().content

    async def post(self, url: str) -> bytes:
        """The answer's content; the request has none."""
        return (await self._http.post(url, content=b"{}", headers=JSON)).raise_for_status().content

    def masked(self, text: str) -> str:
        """What a server says, without the secrets that it was sent."""
        for secret in self._secrets:
            text = text.replace(secret, "(hidden)")
        return text

    async def stream(
        self, url: str, body: bytes, absorb: Callable[[bytes], None], headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        """Hand each event of the answer to `absorb`; an answer that is no stream counts as one event."""
        async with self._http.stream("POST", url, content=body, headers={**headers, **JSON}) as response:
            if not response.is_success:
                await response.aread()
            response.raise_for_status()
            if response.headers.get("Content-Type", "").startswith("application/json"):
                absorb(await response.aread())
                return
            lines = Lines()
            async for chunk in response.aiter_bytes():
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
        await self._http.aclose()

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
        """The boundary: what httpx, aiohttp and pydantic raise becomes ours."""
        if self._closed:
            raise ModelUnavailable(f"{self.endpoint}: this client is closed")
        try:
            yield
        except TimeoutError as exc:
            late = ModelUnavailable if probing or self._closed else DeadlinePassed
            raise late(f"{self.endpoint}: no answer in time") from exc
        except (pydantic.ValidationError, UnicodeError) as exc:
            strange = ContractMismatch if probing else ModelUnavailable
            raise strange(f"{self.endpoint}: expected the words of this dialect, found others: {exc}") from exc
        except httpx.HTTPStatusError as exc:
            raise self._refused(exc.response, probing=probing) from exc
        except ContractMismatch as exc:
            if probing:
                raise
            raise ModelUnavailable(str(exc)) from exc  # perhaps only while the server is being changed
        except RuntimeError as exc:  # aiohttp's word for a read after the client was closed
            if not self._closed:
                raise
            raise ModelUnavailable(f"{self.endpoint}: this client is closed") from exc
        except (httpx.HTTPError, aiohttp.ClientError) as exc:
            why = tls.cause(str(exc)) or self.masked(str(exc)) or type(exc).__name__
            raise ModelUnavailable(f"{self.endpoint}: {why}") from exc

    def refused(self, response: httpx.Response) -> ModelUnavailable:
        """What an answer with an error's status means to a call."""
        return self._refusal(
            response.status_code, self._said(response), _seconds(response.headers.get("Retry-After", ""))
        )

    def _said(self, response: httpx.Response) -> str:
        if response.status_code in (401, 403):  # whose text may hold a piece of the key
            return KEY_REFUSED
        # Whatever charset a proxy's page claims, which may not exist: all that is read of it is a message.
        return self.masked(response.content.decode(errors="replace"))

    def _refused(self, response: httpx.Response, *, probing: bool) -> PenchantError:
        status, text = response.status_code, self._said(response)
        if not probing or status in (408, 429):
            return self.refused(response)
        if status in (401, 403):
            return ContractMismatch(f"{self.endpoint}: expected a key that is taken, found {status}", text)
        found = f"{status} at {response.url}: {text[:300]}"
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
