"""The tensors of TensorRT-LLM's `ensemble` and `tensorrt_llm_bls`, in and out of bytes; pure.

Names, types and shapes are those of `triton_backend/all_models/inflight_batcher_llm/ensemble/config.pbtxt`
in NVIDIA/TensorRT-LLM. Both models batch, so a wire shape starts with the batch: [1, n].

Requests are built as protobuf messages from bytes: eleven tensors by way of numpy cost 196 us, so 14 us.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tritonclient.grpc import service_pb2

from clients.calls import Call, Completion


class Tensor(NamedTuple):
    """What a model offers or we need; -1 in a shape stands for any size."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.datatype} {list(self.shape)}"


TEXT = Tensor("text_input", "BYTES", (-1, 1))
REQUIRED_INPUTS = (TEXT, Tensor("max_tokens", "INT32", (-1, 1)))
REQUIRED_OUTPUTS = (Tensor("text_output", "BYTES", (-1, -1)),)

STOP_WORDS = Tensor("stop_words", "BYTES", (-1, -1))
GUIDED = Tensor("guided_decoding_guide", "BYTES", (-1, 1))
METRICS = Tensor("return_perf_metrics", "BOOL", (-1, 1))
OPTIONAL_INPUTS = (
    Tensor("temperature", "FP32", (-1, 1)),
    Tensor("seed", "UINT64", (-1, 1)),
    Tensor("stream", "BOOL", (-1, 1)),
    Tensor("exclude_input_in_output", "BOOL", (-1, 1)),
    Tensor("return_num_input_tokens", "BOOL", (-1, 1)),
    Tensor("return_num_output_tokens", "BOOL", (-1, 1)),
    METRICS,
    STOP_WORDS,
    Tensor("guided_decoding_guide_type", "BYTES", (-1, 1)),
    GUIDED,
)
"""Sent where the model offers them with this type and shape, else left out."""

_INPUTS = {tensor.name: tensor for tensor in (*REQUIRED_INPUTS, *OPTIONAL_INPUTS)}
_TEMPLATES = {
    tensor.name: service_pb2.ModelInferRequest.InferInputTensor(
        name=tensor.name, datatype=tensor.datatype, shape=(1, 1)
    )
    for tensor in _INPUTS.values()
}
_NUMBERS = {"INT32": struct.Struct("<i"), "INT64": struct.Struct("<q")}
_YES, _NO = b"\1", b"\0"


def offered(metadata: Any) -> frozenset[str]:
    """The names of the inputs that a ModelMetadataResponse offers as we would send them."""
    return frozenset(t.name for t in _tensors(metadata.inputs) if t.name in _INPUTS and _fits(t, _INPUTS[t.name]))


def mismatches(metadata: Any) -> list[str]:
    """One line for each tensor that we need and a ModelMetadataResponse does not offer: expected, found."""
    return [
        *_missing("input", REQUIRED_INPUTS, _tensors(metadata.inputs)),
        *_missing("output", REQUIRED_OUTPUTS, _tensors(metadata.outputs)),
    ]


def request(call: Call, model: str, names: frozenset[str], timeout_us: int) -> Any:
    """A ModelInferRequest with the inputs of `call` that are in `names`; `timeout_us` bounds the server's queue."""
    values = {name: value for name, value in _values(call).items() if name in names}
    message = service_pb2.ModelInferRequest(
        model_name=model,
        id=call.id,
        inputs=[_TEMPLATES[name] for name in values],
        raw_input_contents=list(values.values()),
    )
    if STOP_WORDS.name in values:
        message.inputs[list(values).index(STOP_WORDS.name)].shape[1] = len(call.stop)
    message.parameters["timeout"].int64_param = timeout_us
    return message


def completion(responses: Sequence[Any], model: str, endpoint: str, tokens_per_block: int) -> Completion:
    """The answer in the ModelInferResponses of one call: texts joined, of each figure the last that was told."""
    text, figures = "", dict[str, int]()
    for response in responses:
        for tensor, raw in zip(response.outputs, response.raw_output_contents, strict=True):
            if tensor.name == "text_output":
                text += _first_text(raw)
            elif tensor.datatype in _NUMBERS and raw:
                figures[tensor.name] = _NUMBERS[tensor.datatype].unpack_from(raw)[0]
    return Completion(
        text=text,
        model=model,
        endpoint=endpoint,
        input_tokens=figures.get("num_input_tokens"),
        output_tokens=figures.get("num_output_tokens"),
        cached_tokens=_cached_tokens(figures, tokens_per_block),
        queue_ms=_between(figures, "arrival_time_ns", "first_scheduled_time_ns"),
        prefill_ms=_between(figures, "first_scheduled_time_ns", "first_token_time_ns"),
        decode_ms=_between(figures, "first_token_time_ns", "last_token_time_ns"),
    )


def _values(call: Call) -> dict[str, bytes]:
    values = {
        "text_input": _packed(call.prompt),
        "max_tokens": _NUMBERS["INT32"].pack(call.max_tokens),
        "temperature": struct.pack("<f", call.temperature),
        "seed": struct.pack("<Q", call.seed),
        # A message for each token would cost more than the rest of the call; the times come as perf metrics.
        "stream": _NO,
        "exclude_input_in_output": _YES,
        "return_num_input_tokens": _YES,
        "return_num_output_tokens": _YES,
        "return_perf_metrics": _YES,
    }
    if call.stop:
        values["stop_words"] = b"".join(map(_packed, call.stop))
    if call.json_schema is not None:
        values |= {
            "guided_decoding_guide_type": _packed("json_schema"),
            "guided_decoding_guide": _packed(call.json_schema),
        }
    return values


def _packed(text: str) -> bytes:
    """An element of a BYTES tensor: its length in four bytes, little end first, then UTF-8."""
    raw = text.encode()
    return struct.pack("<I", len(raw)) + raw


def _first_text(raw: bytes) -> str:
    # One beam and one sequence are asked for, so the first element is the answer.
    (length,) = struct.unpack_from("<I", raw) if raw else (0,)
    return raw[4 : 4 + length].decode(errors="replace")


def _cached_tokens(figures: dict[str, int], tokens_per_block: int) -> int | None:
    blocks = figures.get("kv_cache_reused_blocks")
    if blocks is None:
        return None
    # The last block of a prompt may be reused in part: never more cached than there were.
    return min(blocks * tokens_per_block, figures.get("num_input_tokens", blocks * tokens_per_block))


def _between(figures: dict[str, int], begin: str, end: str) -> float | None:
    # A server without perf metrics sends zeros.
    if not (figures.get(begin) and figures.get(end)):
        return None
    return (figures[end] - figures[begin]) / 1e6


def _tensors(messages: Iterable[Any]) -> list[Tensor]:
    return [Tensor(m.name, m.datatype, tuple(m.shape)) for m in messages]


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
