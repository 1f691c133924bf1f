"""OpenAI-compatible servers (trtllm-serve, vLLM, SGLang, Dynamo, ...): `/v1/chat/completions`, streamed, over httpx.

httpx runs on aiohttp's transport, which takes a tenth of the CPU of its own when many calls are in flight.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import httpx
import pydantic
from httpx_aiohttp import AiohttpTransport

from clients import chat
from clients.calls import Call, Completion
from streams.errors import ContractMismatch, DeadlinePassed, ModelUnavailable, PenchantError, SettingInvalid

REMEDY = "set the URL, the model and the API key of an OpenAI-compatible server"
KEEP_ALIVE_S = 3.0
"""Shorter than the 5 s after which uvicorn, which most of these servers run on, closes an idle connection."""


class OpenAIClient:
    """A ModelClient for the server at `base_url` (`http://host:8000/v1`; without a path, `/v1` is added).

    `model` is by default the first that the server lists. `prefill_ms` of an answer is the time to its first
    token as measured here, queue included: these servers do not tell. Proxies of the environment are not used.
    """

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        api_key: str | None = None,
        *,
        max_connections: int = 256,
        connect_timeout_s: float = 3.0,
        probe_timeout_s: float = 5.0,
    ) -> None:
        self.url = _with_path(base_url)
        self.model = model
        self.endpoint = self.url.netloc.decode()
        self._probe_timeout_s = probe_timeout_s
        self._limits: set[asyncio.Timeout] = set()
        self._closed = False
        limits = httpx.Limits(max_connections=max_connections, keepalive_expiry=KEEP_ALIVE_S)
        self._http = httpx.AsyncClient(
            transport=AiohttpTransport(limits=limits),
            timeout=httpx.Timeout(None, connect=connect_timeout_s),  # the call's deadline bounds the rest
            headers={"Accept-Encoding": "identity", **({"Authorization": f"Bearer {api_key}"} if api_key else {})},
            trust_env=False,
        )

    async def complete(self, call: Call) -> Completion:
        """Answer `call` by its deadline; cancelling this closes the connection, by which the server knows."""
        if call.deadline_s <= asyncio.get_running_loop().time():
            raise DeadlinePassed("the deadline passed before the call began")
        with self._our_errors():
            async with self._until(call.deadline_s):
                if self.model is None:  # the server was away when `probe` asked
                    self.model = (await self._models())[0]
                return await self._answer(call, self.model)

    async def probe(self) -> str:
        """Name server and model; ContractMismatch tells expected and found, ModelUnavailable that it is away."""
        with self._our_errors(probing=True):
            async with self._until(asyncio.get_running_loop().time() + self._probe_timeout_s):
                models = await self._models()
        if self.model is not None and self.model not in models:
            found = ", ".join(models)
            raise ContractMismatch(f"{self.endpoint}: expected model {self.model}, found {found}", REMEDY)
        self.model = self.model or models[0]
        return f"OpenAI-compatible server at {self.endpoint}, model {self.model}"

    async def close(self) -> None:
        """End the running calls as ModelUnavailable and the connections. Again is harmless."""
        self._closed = True
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(0)
        await self._http.aclose()

    async def _answer(self, call: Call, model: str) -> Completion:
        now = asyncio.get_running_loop().time
        reading, lines = chat.Reading(model, self.endpoint, now()), chat.Lines()
        headers = {"Content-Type": "application/json"}
        url = f"{self.url}/chat/completions"
        async with self._http.stream("POST", url, content=chat.body(call, model), headers=headers) as response:
            if not response.is_success:
                await response.aread()
            response.raise_for_status()
            if response.headers.get("Content-Type", "").startswith("application/json"):
                reading.absorb(await response.aread(), now())  # a server that does not stream
                return reading.completion()
            async for chunk in response.aiter_bytes():
                for payload in lines.feed(chunk):
                    reading.absorb(payload, now())
        return reading.completion()

    @asynccontextmanager
    async def _until(self, deadline_s: float) -> AsyncIterator[None]:
        """Bound what is inside, also by `close`: aiohttp leaves the readers of a closed session waiting."""
        async with asyncio.timeout_at(deadline_s) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.remove(limit)

    async def _models(self) -> list[str]:
        response = (await self._http.get(f"{self.url}/models")).raise_for_status()
        return [model.id for model in chat.Models.model_validate_json(response.content).data]

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
        except pydantic.ValidationError as exc:
            strange = ContractMismatch if probing else ModelUnavailable
            raise strange(f"{self.endpoint}: these are no words of an OpenAI-compatible server: {exc}") from exc
        except httpx.HTTPStatusError as exc:
            raise self._refusal(exc.response, probing=probing) from exc
        except (httpx.HTTPError, aiohttp.ClientError) as exc:
            raise ModelUnavailable(f"{self.endpoint}: {exc or type(exc).__name__}") from exc

    def _refusal(self, response: httpx.Response, *, probing: bool) -> PenchantError:
        status = response.status_code
        if probing and status < 500 and status not in (408, 429):  # the wrong server, or the wrong key
            return ContractMismatch(f"{self.endpoint}: {status} to {response.url}: {response.text[:300]}", REMEDY)
        return chat.refusal(self.endpoint, status, response.text, _seconds(response.headers.get("Retry-After", "")))


def _with_path(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url.rstrip("/"))
    except httpx.InvalidURL as exc:
        raise SettingInvalid(f"the model URL {base_url!r} is none: {exc}", REMEDY) from exc
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingInvalid(f"the model URL {base_url!r} has no http:// or https:// and host", REMEDY)
    return url if url.path.strip("/") else url.copy_with(path="/v1")


def _seconds(retry_after: str) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3), which is a number of them or a date."""
    if retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
