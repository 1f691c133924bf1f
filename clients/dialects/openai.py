"""OpenAI-compatible servers, streamed: trtllm-serve, vLLM, SGLang, Dynamo, Triton's own frontend, others."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from msgspec import structs

from clients.calls import Call, Completion
from clients.dialects import completions, requests
from clients.dialects.access import ANYBODY, Access
from clients.dialects.completions import Models, Reading, Version
from clients.dialects.http import HttpServer, Refused, http_url, without_login
from clients.dialects.learned_fields import LearnedFields
from clients.dialects.refusals import refusal
from clients.dialects.sent_fields import Guided, SentFields, description, sent_fields
from clients.dialects.servers import SERVERS, Api, Server, ServerName, owned_by
from streams.errors import CallRefused, ContractMismatch, ModelUnavailable, PromptTooLong

WRONG = frozenset({400, 413, 422})
"""Statuses that say that a request is wrong, and would be again."""

REMEDY = "set the URL, the model, the kind and the API key of an OpenAI-compatible server"


class Found(NamedTuple):
    """What a server turned out to be; `listed` is how many models it has."""

    server: Server
    model: str
    listed: int


class OpenAIClient:
    """A ModelClient for the server at `base_url` (`http://host:8000/v1`; without a path, `/v1` is added).

    `model` is by default the first that the server lists, and `server` what it says to be; behind a gateway, name it.
    `prefill_ms` of an answer is the time to its first token as measured here, queue included: these servers do not
    tell. No deadline reaches them: a call that is late or cancelled closes its connection, by which they know.
    Fields that the server refuses are left off from the first call on that it answers without. `session_key` (64 bytes
    at most) is that of the hash by which routers know the calls of one shopper, and of the salt by which, with a
    `private_cache`, calls with other keys find none of our KV blocks.
    """

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        access: Access = ANYBODY,
        *,
        api: Api = "chat",
        server: ServerName | None = None,
        guided: Guided = "auto",
        session_key: bytes = b"",
        private_cache: bool = False,
        max_connections: int = 256,
        probe_timeout_s: float = 5.0,
    ) -> None:
        url = http_url(base_url, REMEDY)
        self.url = str(without_login(url if url.path.strip("/") else url.copy_with(path="/v1")))
        self.model, self.server, self.api = model, server, api
        self._guided, self._session_key = guided, session_key
        self._salt = requests.cache_salt(session_key) if private_cache else ""
        self._http = HttpServer(url, self._refusal, REMEDY, access, max_connections=max_connections)
        self.endpoint = self._http.endpoint
        self._probe_timeout_s = probe_timeout_s
        self._found: Found | None = None
        self._known: tuple[Server, str] | None = None
        self._fields = LearnedFields(SentFields(None))
        self._tells_cached = False

    async def complete(self, call: Call) -> Completion:
        """Answer `call` by its deadline; cancelling this closes the connection, by which the server knows."""
        async with self._http.calling(call.deadline_s):
            found = self._found or await self._find()
            if call.request is not None:
                return self._with_cached(await self._pass_on(call, call.request, found))
            completion = await self._fields.ask(lambda sent: self._complete(call, found, sent))
        return self._with_cached(completion)

    async def probe(self) -> str:
        """Name server and model; ContractMismatch tells expected and found, ModelUnavailable that it is away."""
        async with self._http.probing(self._probe_timeout_s):
            found = await self._find()
            if found.server.health is not None:
                await self._http.get_if_there(f"{self._root()}{found.server.health}")
            version = await self._version(found.server)
        several = found.listed > 1 and self.model is None
        first = f", the first of {found.listed} (`model.name` names another)" if several else ""
        what = f"{found.server.title}{version} at {self.endpoint}, model {found.model}{first}"
        return description(what, _lacks(found.server))

    async def close(self) -> None:
        """End the running calls as ModelUnavailable and the connections. Again is harmless."""
        await self._http.close()

    async def _complete(self, call: Call, found: Found, sent: SentFields) -> Completion:
        now = asyncio.get_running_loop().time
        reading = Reading(found.model, self.endpoint, self._fault, now(), call.begun, chooses=bool(call.choices))
        body = requests.body(call, found.model, self.api, found.server, sent, self._salt)
        headers = requests.headers(call, found.server, self._session_key)
        url = f"{self.url}{completions.PATHS[self.api]}"
        try:
            await self._http.stream(url, body, lambda payloads: reading.absorb_all(payloads, now()), headers)
        except Refused as exc:
            error = self._http.refused(exc)
            if call.image is not None and exc.status in WRONG and type(error) is ModelUnavailable:
                raise CallRefused(str(error)) from exc  # a stranger's image: it says nothing of the server
            raise error from exc
        return reading.completion()

    async def _pass_on(self, call: Call, asked: Mapping[str, Any], found: Found) -> Completion:
        """A request as somebody else wrote it, answered whole. CallRefused where the server takes it for wrong."""
        now = asyncio.get_running_loop().time
        reading, answers = Reading(found.model, self.endpoint, self._fault, now()), list[bytes]()
        body = orjson.dumps({**requests.without_stream(asked), "model": found.model})
        path = completions.PATHS["chat" if "messages" in asked else "completions"]
        try:
            await self._http.stream(
                f"{self.url}{path}", body, answers.extend, requests.headers(call, found.server, b"")
            )
        except Refused as exc:
            if exc.status in WRONG:
                raise CallRefused(self._http.masked(exc.content.decode(errors="replace"))) from exc
            raise self._http.refused(exc) from exc
        for answer in answers:
            reading.absorb(answer, now())
        return structs.replace(reading.completion(), body=answers[0] if len(answers) == 1 else None)

    async def _find(self) -> Found:
        """Which server and model, remembered; ContractMismatch when it is not what we were told."""
        listed = {model.id: model.owned_by for model in await self._models()}
        if not listed:
            raise ModelUnavailable(f"{self.endpoint}: no model is there yet")
        if self.model is not None and self.model not in listed:
            raise self._mismatch(f"model {self.model}", ", ".join(listed))
        model = self.model or next(iter(listed))
        told = owned_by(listed[model])
        if self.server not in (None, "other", told) and told is not None:
            raise self._mismatch(f"server {self.server}", f"{told} (models owned by {listed[model]!r})")
        server = SERVERS[self.server or told or "other"]
        if self._salt and not server.salts:
            raise self._mismatch("a server that takes cache_salt (model.private_cache)", server.title)
        if self._known != (server, model):  # what another one refused, this one may take
            self._known = server, model
            self._fields = LearnedFields(sent_fields(server.guide, self._guided))
        self._found = Found(server, model, len(listed))
        return self._found

    async def _models(self) -> tuple[completions.Model, ...]:
        return Models.model_validate_json(await self._http.get(f"{self.url}/models")).data

    async def _version(self, server: Server) -> str:
        said = await self._http.get_if_there(f"{self._root()}{server.version}") if server.version else None
        return f" {Version.model_validate_json(said).version}" if said else ""

    def _server(self) -> Server:
        return self._found.server if self._found else SERVERS["other"]

    def _root(self) -> str:
        """Where health and version are: beside `/v1`."""
        return self.url.removesuffix("/v1")

    def _with_cached(self, completion: Completion) -> Completion:
        """vLLM and SGLang leave the figure out when nothing was cached: once told, no figure means zero."""
        if completion.cached_tokens is not None:
            self._tells_cached = True
        elif self._tells_cached and completion.input_tokens is not None:
            return structs.replace(completion, cached_tokens=0)
        return completion

    def _mismatch(self, expected: str, found: str) -> ContractMismatch:
        return ContractMismatch(f"{self.endpoint}: expected {expected}, found {found}", REMEDY)

    def _refusal(self, status: int, text: str, retry_after_s: float | None) -> ModelUnavailable | PromptTooLong:
        server = self._server()
        if status == 404:
            self._found = None  # perhaps another model since: ask again before the next call
        return refusal(server, self.endpoint, status, text, retry_after_s)

    def _fault(self, code: str, message: str) -> ModelUnavailable | PromptTooLong:
        """An error inside a stream."""
        return refusal(self._server(), self.endpoint, code, self._http.masked(message))


def _lacks(server: Server) -> list[str]:
    can = {"guided decoding": server.guide is not None, "cancellation": server.cancels}
    return [what for what, there in can.items() if not there]
