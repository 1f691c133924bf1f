"""Triton with TensorRT-LLM over gRPC streaming: `ensemble`, `tensorrt_llm_bls`, or `llmapi`'s `tensorrt_llm`.

One grpc.aio channel a client, one stream a call. The calls go through tritonclient's generated stub: its
`stream_infer` costs 0.15 ms of CPU more, drops the status of errors and hides what its request iterator raises.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Never

import grpc
from tritonclient.grpc import service_pb2

from clients.calls import Call, Completion
from clients.dialects import models, tensors
from clients.dialects.access import ANYBODY, Access
from clients.dialects.channels import Channels
from clients.dialects.http import KEY_REFUSED
from clients.dialects.models import Model
from clients.dialects.sent_fields import Guided, SentFields, description
from streams.cancellation import is_ours
from streams.errors import ContractMismatch, DeadlinePassed, ModelOverloaded, ModelUnavailable
from streams.tls import cause

REAL_STATUS = (("triton_grpc_error", "true"),)  # an error ends the stream with its gRPC status, not as a text in it


class TritonClient:
    """A ModelClient for `model` at `url`, the host:port of Triton's gRPC endpoint, with grpcs:// before it for TLS. For
    one event loop.

    Without a model, the first of `models.NAMES` that is ready is taken; its metadata tells the tensor map.
    `tokens_per_block` is the size of the server's KV cache blocks, which turns reused blocks into cached
    tokens; `probe_timeout_s` bounds each question of `probe`. `guided` is as in OpenAIClient.
    """

    def __init__(
        self,
        url: str,
        model: str | None = None,
        *,
        tokens_per_block: int = 64,
        probe_timeout_s: float = 5.0,
        access: Access = ANYBODY,
        guided: Guided = "auto",
    ) -> None:
        self.url, self.model = url, model
        self._channels = Channels(url, access.tls)
        self._access = access
        self._tokens_per_block = tokens_per_block
        self._probe_timeout_s = probe_timeout_s
        self._found: Model | None = None
        self._fields = models.guided_fields(guided)
        self._closed = False

    async def complete(self, call: Call) -> Completion:
        """Answer `call` by its deadline, which is also the server's; cancelling this cancels the call there."""
        with self._our_errors():
            found = self._found or await self._find(_left_s(call.deadline_s))
        answer = await self._fields.ask(lambda sent: self._asked(call, found, sent))
        return answer.completion(found.name, self.url, self._tokens_per_block)

    async def probe(self) -> str:
        """Name server, model and what it lacks; ContractMismatch tells what was expected and what was found."""
        with self._our_errors(probing=True):
            server = await self._stub().ServerMetadata(
                service_pb2.ServerMetadataRequest(), timeout=self._probe_timeout_s, metadata=self._metadata()
            )
            found = await self._find(self._probe_timeout_s)
        return description(f"Triton {server.version} at {self.url}, model {found.name}", found.lacks())

    async def close(self) -> None:
        """End the running calls as ModelUnavailable and the connection. Again is harmless."""
        self._closed = True
        await self._channels.close()

    async def _asked(self, call: Call, found: Model, sent: SentFields) -> tensors.Answer:
        with self._our_errors():
            left_s, values = _left_s(call.deadline_s), found.tensor_map.values(call, sent.guide)
            request = tensors.request(call, found.name, found.inputs, values, max(1, int(left_s * 1e6)))
            return await self._answer(request, found, left_s, call.trace_headers())

    async def _answer(
        self, request: bytes, found: Model, left_s: float, trace_headers: Mapping[str, str]
    ) -> tensors.Answer:
        metadata = (*REAL_STATUS, *self._metadata(), *trace_headers.items())
        stream = self._stub().ModelStreamInfer(request, timeout=left_s, metadata=metadata)
        answer = tensors.Answer(found.tensor_map.reused)
        try:
            async for response in stream:
                if response.error_message:
                    raise models.refusal(f"{self.url}: {response.error_message}")
                answer.absorb(response.infer_response)
        finally:
            stream.cancel()  # does nothing when it has ended
        return answer

    async def _find(self, timeout_s: float) -> Model:
        """The model and its tensors, remembered; ContractMismatch when it is not what we know."""
        name = await self._ready_model(timeout_s)
        request = service_pb2.ModelMetadataRequest(name=name)
        metadata = await self._stub().ModelMetadata(request, timeout=timeout_s, metadata=self._metadata())
        self._found = models.recognised(name, metadata.inputs, metadata.outputs, self.url)
        return self._found

    async def _ready_model(self, timeout_s: float) -> str:
        stub, asked = self._stub(), {"timeout": timeout_s, "metadata": self._metadata()}
        for name in (self.model,) if self.model else models.NAMES:
            if (await stub.ModelReady(service_pb2.ModelReadyRequest(name=name), **asked)).ready:
                return name
        index = await stub.RepositoryIndex(service_pb2.RepositoryIndexRequest(), **asked)
        states = {model.name: f"{model.state} {model.reason}".strip() for model in index.models}
        raise models.not_ready(self.model, states, self.url)

    def _stub(self) -> Any:
        if self._closed:
            raise ModelUnavailable(f"{self.url}: this client is closed")
        return self._channels.stub()

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return tuple(self._access.headers().items())

    @contextmanager
    def _our_errors(self, *, probing: bool = False) -> Iterator[None]:
        """The boundary: what gRPC raises becomes ours."""
        try:
            yield
        except grpc.aio.AioRpcError as exc:
            self._raise_status(exc, probing=probing)
        except ContractMismatch as exc:
            if probing:
                raise
            raise ModelUnavailable(str(exc)) from exc  # perhaps only while the server is being changed
        except asyncio.CancelledError as exc:
            if is_ours():
                raise
            # The channel was closed, or grpc.aio gave the call up: nobody cancelled this task.
            raise ModelUnavailable(f"{self.url}: the call was cut off") from exc

    def _raise_status(self, exc: Any, *, probing: bool) -> Never:
        code, details = exc.code(), cause(exc.details() or "") or exc.details() or ""
        unknown = code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED)
        if unknown and probing:
            raise ContractMismatch(f"{self.url}: expected Triton, found {code.name}: {details}", models.REMEDY) from exc
        if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED) and probing:
            raise ContractMismatch(f"{self.url}: expected a key that is taken, found {code.name}", KEY_REFUSED) from exc
        if unknown:
            self._found = None  # perhaps another model since: ask again before the next call
        if code is grpc.StatusCode.DEADLINE_EXCEEDED and not probing:
            raise DeadlinePassed(f"{self.url}: no answer by the deadline") from exc
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            raise ModelOverloaded(f"{self.url}: {details}") from exc
        raise models.refusal(f"{self.url}: {code.name}: {details}") from exc


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - asyncio.get_running_loop().time()
    if left_s <= 0:
        raise DeadlinePassed("the deadline passed before the call began")
    return left_s
