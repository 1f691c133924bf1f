"""OAUTHBEARER: tokens for Kafka's brokers, by client credentials from a token endpoint, or from a hook."""

import asyncio
import importlib
import time
from collections.abc import Callable
from typing import Annotated, Any

import httpx
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import AuthenticationFailedError
from pydantic import AfterValidator, Field, SecretStr, field_validator

from streams import address
from streams.errors import SettingInvalid
from streams.secret import Secret, by_one_way
from streams.section import File, Name, form, section
from streams.tls import Tls, TlsContext, cause

WITHIN_S = 5.0
"""How long a token endpoint or hook may take."""

RENEWED_AT = 0.8
"""The share of its lifetime after which a token is fetched anew."""

ASSUMED_S = 60.0
"""The lifetime of a token whose endpoint does not tell one."""

Token = tuple[str, float]
"""A token, and the Unix time in milliseconds at which it expires."""

Hook = Callable[[], Token]

TokenUrl = Annotated[
    str, Field(pattern=r"^https?://\S+$"), AfterValidator(address.checked), form("https://host/path, without a login")
]
HookName = Annotated[
    str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"), form("module:function, as in our.tokens:msk")
]


@section
class OAuth:
    """Tokens for OAUTHBEARER: client credentials at a token endpoint, or a function of yours."""

    token_url: TokenUrl | None = None
    """The token endpoint of an OpenID Connect provider."""
    client_id: Name | None = None
    """Who asks there."""
    client_secret: SecretStr | None = None
    """The secret of that client. Better in the environment or a file."""
    client_secret_file: File | None = None
    """A file that holds this secret; it is read again when it has changed."""
    scope: Name | None = None
    """What the token is to be good for, where the provider asks for that."""
    ca_file: File | None = None
    """The authority that signed the endpoint's certificate, PEM; without it those that the system trusts."""
    token_hook: HookName | None = None
    """A Python function in place of the endpoint. It takes nothing and returns a token and the Unix time in
    milliseconds at which that expires; it may block. docs/security.md has one for MSK's IAM."""

    _one_way = field_validator("client_secret_file")(by_one_way)

    @property
    def complete(self) -> bool:
        """Whether tokens can be had."""
        secret = self.client_secret or self.client_secret_file
        return bool(self.token_hook or (self.token_url and self.client_id and secret))

    def provider(self) -> "TokenProvider":
        """Tokens for one client of Kafka; SettingInvalid when the hook or a file is none."""
        return TokenProvider(_hook(self.token_hook) if self.token_hook else None, self)


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc] # aiokafka has no types
    """Hands a token to each new connection, and fetches the next one before it expires. For one event loop.

    What goes wrong is an AuthenticationFailedError, by which aiokafka tries again later.
    """

    def __init__(self, hook: Hook | None, oauth: OAuth) -> None:
        self._hook, self._oauth = hook, oauth
        self._secret = Secret("kafka.oauth.client_secret", oauth.client_secret, oauth.client_secret_file)
        self._asking = asyncio.Lock()
        self._token, self._good_until_s = "", 0.0

    async def token(self) -> str:
        """A token that is good for some time yet."""
        async with self._asking:
            if time.monotonic() >= self._good_until_s:
                self._token, lifetime_s = await self._fetched()
                self._good_until_s = time.monotonic() + RENEWED_AT * lifetime_s
            return self._token

    async def _fetched(self) -> tuple[str, float]:
        """A token and for how many seconds it is good."""
        try:
            async with asyncio.timeout(WITHIN_S):
                return await (self._from_endpoint() if self._hook is None else self._from_hook(self._hook))
        except TimeoutError as exc:
            raise AuthenticationFailedError(f"no token within {WITHIN_S:g} s") from exc

    async def _from_hook(self, hook: Hook) -> tuple[str, float]:
        try:
            token, expires_ms = await asyncio.to_thread(hook)
            return token, expires_ms / 1e3 - time.time()
        except Exception as exc:
            raise AuthenticationFailedError(f"kafka.oauth.token_hook failed: {exc!r}") from exc

    async def _from_endpoint(self) -> tuple[str, float]:
        oauth = self._oauth
        asked = {"grant_type": "client_credentials"} | ({"scope": oauth.scope} if oauth.scope else {})
        login = httpx.BasicAuth(oauth.client_id or "", self._secret.text() or "")
        context = TlsContext(Tls(ca_file=oauth.ca_file)).context
        try:
            async with httpx.AsyncClient(timeout=WITHIN_S, trust_env=False, verify=context) as client:
                answer = await client.post(str(oauth.token_url), data=asked, auth=login)
                answer.raise_for_status()
                return _read(answer.json())
        except httpx.HTTPStatusError as exc:
            why = _reason(exc.response)
            raise AuthenticationFailedError(f"the token endpoint refuses the client: {why}") from exc
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
            why = cause(str(exc)) or str(exc) or type(exc).__name__
            raise AuthenticationFailedError(f"the token endpoint {oauth.token_url}: {why}") from exc


def _read(answer: Any) -> tuple[str, float]:
    return str(answer["access_token"]), float(answer.get("expires_in", ASSUMED_S))


def _reason(response: httpx.Response) -> str:
    """The error's name by RFC 6749, which is no secret; nothing else of the answer."""
    try:
        name = str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return str(response.status_code)
    return f"{response.status_code}, {name[:60]}"


def _hook(name: str) -> Hook:
    module, _, function = name.partition(":")
    try:
        hook: Hook = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as exc:
        remedy = "name a function of a module that Python finds, as our.tokens:msk"
        raise SettingInvalid(f"kafka.oauth.token_hook: {name}: {exc}", remedy) from exc
    return hook
