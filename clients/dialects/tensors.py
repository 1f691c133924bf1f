"""Tensors of Triton's text models in and out of bytes; pure. Which there are says a map: ensemble.py and llmapi.py.

Requests are built as protobuf messages from bytes: eleven tensors by way of numpy cost 196 us. What is the same in
every request is encoded once: of two encodings, one behind the other, protobuf makes one message.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from tritonclient.grpc import service_pb2

from clients.calls import GIVEN_UP, Call, Completion
from clients.dialects.servers import Guide
from streams.errors import ModelUnavailable

Value = str | int | float | bool | tuple[str, ...]


class Tensor(NamedTuple):
    """What a model offers or we need; -1 in a shape stands for any size."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.datatype} {list(self.shape)}"


@dataclass(frozen=True, slots=True)
class TensorMap:
    """The tensors of one kind of model. `values` says what a call says, by input, its schema in the form of a guide.
    `optional` inputs are sent where the model offers them with this type and shape, else left out. `guide`, `metrics`
    and `stream` are inputs; `reused` is the output that counts reused blocks."""

    required: tuple[Tensor, ...]
    optional: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    values: Callable[[Call, Guide | None], Mapping[str, Value]]
    guide: str
    metrics: str
    stream: str
    reused: str


class Described(Protocol):
    """A tensor in a model's metadata: a message of gRPC, or the same words of HTTP."""

    name: str
    datatype: str
    shape: Sequence[int]


class Input(NamedTuple):
    """How one input is sent: what it is, and how its value becomes bytes."""

    tensor: Tensor
    pack: Callable[[Any], bytes]


def offered(tensor_map: TensorMap, inputs: Iterable[Described]) -> Mapping[str, Input]:
    """How to send each input that a model offers as we would send it, by name."""
    ours = {tensor.name: tensor for tensor in (*tensor_map.required, *tensor_map.optional)}
    there = (t.name for t in _tensors(inputs) if t.name in ours and _fits(t, ours[t.name]))
    return {name: Input(ours[name], _PACKING[ours[name].datatype]) for name in there}


def mismatches(tensor_map: TensorMap, inputs: Iterable[Described], outputs: Iterable[Described]) -> list[str]:
    """One line for each tensor that we need and a model does not offer: expected, found."""
    return [
        *_missing("input", tensor_map.required, _tensors(inputs)),
        *_missing("output", tensor_map.outputs, _tensors(outputs)),
    ]


def request(call: Call, model: str, inputs: Mapping[str, Input], values: Mapping[str, Value], timeout_us: int) -> bytes:
    """An encoded ModelInferRequest with those `values` that are in `inputs`; `timeout_us` bounds the server's queue."""
    sent = [(inputs[name], value) for name, value in values.items() if name in inputs]
    sizes = tuple([(each.tensor, len(value) if isinstance(value, tuple) else 1) for each, value in sent])
    own = service_pb2.ModelInferRequest(id=call.id, raw_input_contents=[each.pack(value) for each, value in sent])
    own.parameters["timeout"].int64_param = timeout_us
    encoded: bytes = _described(model, sizes) + own.SerializeToString()
    return encoded


@lru_cache
def _described(model: str, sizes: tuple[tuple[Tensor, int], ...]) -> bytes:
    """The part of a request that says for which model it is, and which inputs it has; the last of the dimensions of
    each is its size."""
    message = service_pb2.ModelInferRequest(model_name=model)
    for tensor, size in sizes:
        shape = [*[1] * (len(tensor.shape) - 1), size]
        message.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=shape)
    encoded: bytes = message.SerializeToString()
    return encoded


class Answer:
    """The answer to one call, put together from its responses: texts joined, of each figure the last that was told."""

    def __init__(self, reused: str) -> None:
        self._reused = reused
        self._texts: list[str] = []
        self._figures: dict[str, int] = {}
        self._finish: str | None = None

    def take(self, name: str, value: str | int) -> None:
        """One output of one response."""
        if name == "text_output":
            self._texts.append(str(value))
        elif name == "finish_reason":
            self._finish = None if value == "None" else str(value)
        elif isinstance(value, int):
            self._figures[name] = value
        elif value.isdecimal():  # `llmapi` as released packs its figures as texts, whatever its configuration says
            self._figures[name] = int(value)

    def absorb(self, response: Any) -> None:
        """A ModelInferResponse."""
        for tensor, raw in zip(response.outputs, response.raw_output_contents, strict=True):
            if tensor.datatype == "BYTES":
                self.take(tensor.name, _first_text(raw))
            elif tensor.datatype in _NUMBERS and raw:
                self.take(tensor.name, _NUMBERS[tensor.datatype].unpack_from(raw)[0])

    def completion(self, model: str, endpoint: str, tokens_per_block: int) -> Completion:
        """The whole answer; ModelUnavailable when there is none, or the server gave it up."""
        if not self._texts:
            raise ModelUnavailable(f"{endpoint}: the stream ended without an answer")
        if self._finish in GIVEN_UP:
            raise ModelUnavailable(f"{endpoint}: the server gave the answer up: {self._finish}")
        figures = self._figures
        return Completion(
            text="".join(self._texts),
            model=model,
            endpoint=endpoint,
            input_tokens=figures.get("num_input_tokens"),
            output_tokens=figures.get("num_output_tokens"),
            cached_tokens=self._cached_tokens(tokens_per_block),
            queue_ms=self._between("arrival_time_ns", "first_scheduled_time_ns"),
            prefill_ms=self._between("first_scheduled_time_ns", "first_token_time_ns"),
            decode_ms=self._between("first_token_time_ns", "last_token_time_ns"),
            finish_reason=self._finish,
        )

    def _cached_tokens(self, tokens_per_block: int) -> int | None:
        blocks = self._figures.get(self._reused)
        if blocks is None:
            return None
        # The last block of a prompt may be reused in part: never more cached than there were.
        return min(blocks * tokens_per_block, self._figures.get("num_input_tokens", blocks * tokens_per_block))

    def _between(self, begin: str, end: str) -> float | None:
        figures = self._figures  # a server without perf metrics sends zeros
        return (figures[end] - figures[begin]) / 1e6 if figures.get(begin) and figures.get(end) else None


_NUMBERS = {"INT32": struct.Struct("<i"), "INT64": struct.Struct("<q")}


def _packed(text: str) -> bytes:
    """An element of a BYTES tensor: its length in four bytes, little end first, then UTF-8."""
    raw = text.encode()
    return struct.pack("<I", len(raw)) + raw


def _packed_all(value: str | Sequence[str]) -> bytes:
    return _packed(value) if isinstance(value, str) else b"".join(map(_packed, value))


_PACKING: Mapping[str, Callable[[Any], bytes]] = {
    "BYTES": _packed_all,
    "BOOL": (b"\0", b"\1").__getitem__,
    "INT32": struct.Struct("<i").pack,
    "UINT64": struct.Struct("<Q").pack,
    "FP32": struct.Struct("<f").pack,
}


def _first_text(raw: bytes) -> str:
    # One beam and one sequence are asked for, so the first element is the answer.
    (length,) = struct.unpack_from("<I", raw) if raw else (0,)
    return raw[4 : 4 + length].decode(errors="replace")


def _tensors(described: Iterable[Described]) -> list[Tensor]:
    return [Tensor(each.name, each.datatype, tuple(each.shape)) for each in described]


def _fits(found: Tensor, expected: Tensor) -> bool:
    return (
        found.datatype == expected.datatype
        and len(found.shape) == len(expected.shape)
        and all(-1 in (f, e) or f == e for f, e in zip(found.shape, expected.shape, strict=True))
    )


def _missing(kind: str, expected: Iterable[Tensor], found: Iterable[Tensor]) -> list[str]:
    by_name = {tensor.name: tensor for tensor in found}
    lines = []
    for tensor in expected:
        there = by_name.get(tensor.name)
        if there is None or not _fits(there, tensor):
            lines.append(f"{kind} {tensor}: found {there or 'none of that name'}")
    return lines
