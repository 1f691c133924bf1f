"""Triton with TensorRT-LLM over HTTP, by the generate extension: `/v2/models/<model>/generate_stream`.

For where gRPC does not get through. What the extension costs (seen with 2.51): a model's errors come as 400 whatever
they were, or inside a 200 stream, so their words decide; no deadline reaches the server; and it notices a closed
connection only when it writes, so answers are streamed: an abandoned call ends with its next token.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from clients.calls import Call, Completion
from clients.dialects import models
from clients.dialects.access import ANYBODY, Access
from clients.dialects.http import HttpServer, Refused, http_url, without_login
from clients.dialects.models import Model
from clients.dialects.sent_fields import Guided, SentFields, description
from clients.dialects.tensors import Answer, Value
from streams.errors import ModelOverloaded, ModelUnavailable, PromptTooLong

REMEDY = f"set the URL to Triton's HTTP port, without a path, and {models.REMEDY.removeprefix('set ')}"


class Words(BaseModel):
    """Something that Triton says; what we do not know is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class About(Words):
    """The answer of `/v2`."""

    version: str


class Described(BaseModel):
    """One tensor of a model."""

    name: str
    datatype: str
    shape: Sequence[int]


class Metadata(Words):
    """The answer of `/v2/models/<model>`."""

    inputs: Annotated[list[Described], Field(min_length=1)]
    outputs: Annotated[list[Described], Field(min_length=1)]


class Policy(Words):
    decoupled: bool = False


class Config(Words):
    """The answer of `/v2/models/<model>/config`. A model that is not decoupled cannot stream."""

    model_transaction_policy: Policy = Policy()


class Indexed(Words):
    """One model of the repository, loaded or not."""

    name: str
    state: str = ""
    reason: str = ""


INDEX = TypeAdapter(list[Indexed])
EVENT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class GenerateClient:
    """A ModelClient for `model` at `base_url` (`http://host:8000`); the rest is as in TritonClient."""

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        access: Access = ANYBODY,
        *,
        tokens_per_block: int = 64,
        max_connections: int = 256,
        probe_timeout_s: float = 5.0,
        guided: Guided = "auto",
    ) -> None:
        url = http_url(base_url, REMEDY)
        self.url, self.model = f"{without_login(url)}/v2", model
        self._http = HttpServer(url, self._refusal, REMEDY, access, max_connections=max_connections)
        self.endpoint = self._http.endpoint
        self._tokens_per_block = tokens_per_block
        self._probe_timeout_s = probe_timeout_s
        self._found: Model | None = None
        self._fields = models.guided_fields(guided)
        self._streams = False

    async def complete(self, call: Call) -> Completion:
        """Answer `call` by its deadline; cancelling this closes the connection, by which the server knows."""
        async with self._http.calling(call.deadline_s):
            found = self._found or await self._find()
            answer = await self._fields.ask(lambda sent: self._asked(call, found, sent))
        return answer.completion(found.name, self.endpoint, self._tokens_per_block)

    async def probe(self) -> str:
        """Name server, model and what it lacks; ContractMismatch tells what was expected and what was found."""
        async with self._http.probing(self._probe_timeout_s):
            about = About.model_validate_json(await self._http.get(self.url))
            found = await self._find()
        lacks = [*found.lacks(), *([] if self._streams else ["cancellation"])]
        return description(f"Triton {about.version} at {self.endpoint}, model {found.name}, over HTTP", lacks)

    async def close(self) -> None:
        """End the running calls as ModelUnavailable and the connections. Again is harmless."""
        await self._http.close()

    async def _asked(self, call: Call, found: Model, sent: SentFields) -> Answer:
        answer, url = Answer(found.tensor_map.reused), f"{self.url}/models/{found.name}/generate_stream"
        body = self._body(call, found, sent)
        try:
            await self._http.stream(url, body, lambda payloads: self._absorb(answer, payloads), call.trace_headers())
        except Refused as exc:
            raise self._http.refused(exc) from exc
        return answer

    async def _find(self) -> Model:
        """The model and its tensors, remembered; ContractMismatch when it is not what we know."""
        name = await self._ready_model()
        metadata = Metadata.model_validate_json(await self._http.get(f"{self.url}/models/{name}"))
        found = models.recognised(name, metadata.inputs, metadata.outputs, self.endpoint)
        config = Config.model_validate_json(await self._http.get(f"{self.url}/models/{name}/config"))
        self._found, self._streams = found, config.model_transaction_policy.decoupled
        return found

    async def _ready_model(self) -> str:
        for name in (self.model,) if self.model else models.NAMES:
            if await self._http.get_if_there(f"{self.url}/models/{name}/ready") is not None:
                return name
        index = INDEX.validate_json(await self._http.post(f"{self.url}/repository/index"))
        states = {each.name: f"{each.state} {each.reason}".strip() for each in index}
        raise models.not_ready(self.model, states, self.endpoint)

    def _body(self, call: Call, found: Model, sent: SentFields) -> bytes:
        values: Mapping[str, Value] = {
            "id": call.id,
            **found.tensor_map.values(call, sent.guide),
            found.tensor_map.stream: self._streams,
        }
        return orjson.dumps({name: value for name, value in values.items() if name == "id" or name in found.inputs})

    def _absorb(self, answer: Answer, payloads: Sequence[bytes]) -> None:
        for payload in payloads:
            self._take(answer, payload)

    def _take(self, answer: Answer, payload: bytes) -> None:
        """One event; ModelOverloaded or ModelUnavailable when it is an error, whatever the status before it was."""
        event = EVENT.validate_json(payload)
        if "error" in event:
            raise self._refusal(200, str(event["error"]))
        for name, value in event.items():
            first = value[0] if isinstance(value, list) and value else value
            if isinstance(first, str | int):
                answer.take(name, first)

    def _refusal(self, status: int, text: str, retry_after_s: float | None = None) -> ModelUnavailable | PromptTooLong:
        if status == 404:
            self._found = None  # perhaps another model since: ask again before the next call
        complaint = f"{self.endpoint}: {text.removeprefix('data: ').strip()[:300]} ({status})"
        return ModelOverloaded(complaint, retry_after_s) if status == 429 else models.refusal(complaint, retry_after_s)
