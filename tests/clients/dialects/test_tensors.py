"""Tensors in and out of bytes."""

import struct
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import InferResult, service_pb2
from tritonclient.utils import deserialize_bytes_tensor

from clients.calls import Call, Completion
from clients.dialects import tensors
from clients.dialects.ensemble import ENSEMBLE
from clients.dialects.llmapi import LLMAPI
from clients.dialects.tensors import Answer, Described, TensorMap
from streams.errors import ModelUnavailable


def request(call: Call, tensor_map: TensorMap = ENSEMBLE, timeout_us: int = 1) -> Any:
    """The request for a call to a model that offers every tensor of its map."""
    every = cast(
        "Sequence[Described]", (*tensor_map.required, *tensor_map.optional)
    )  # as metadata, whose fields can be set
    inputs = tensors.offered(tensor_map, every)
    encoded = tensors.request(call, "model", inputs, tensor_map.values(call, "json_schema"), timeout_us)
    return service_pb2.ModelInferRequest.FromString(encoded)


def raw(message: Any) -> dict[str, bytes]:
    """The bytes of each input."""
    return dict(zip([t.name for t in message.inputs], message.raw_input_contents, strict=True))


def shapes(message: Any) -> dict[str, tuple[int, ...]]:
    """The shape of each input."""
    return {t.name: tuple(t.shape) for t in message.inputs}


def response(**outputs: int | bytes) -> Any:
    """A ModelInferResponse with an answer, and each output as INT64 or, given bytes, as BYTES."""
    message = service_pb2.ModelInferResponse()
    for name, value in {"text_output": b"{}", **outputs}.items():
        text = isinstance(value, bytes)
        message.outputs.add(name=name, datatype="BYTES" if text else "INT64", shape=[1, 1])
        packed = struct.pack("<I", len(value)) + value if isinstance(value, bytes) else struct.pack("<q", value)
        message.raw_output_contents.append(packed)
    return message


def read(message: Any, tensor_map: TensorMap = ENSEMBLE) -> Completion:
    """The completion of that response, with blocks of 64 tokens."""
    answer = Answer(tensor_map.reused)
    answer.absorb(message)
    return answer.completion("model", "endpoint", 64)


@given(st.text(), st.lists(st.text(), min_size=1, max_size=4))
def test_texts_are_what_triton_reads(prompt: str, stop: list[str]) -> None:
    """tritonclient reads from our bytes the texts that went in, in the shapes that we declare."""
    message = request(Call("id", prompt, 1.0, 50, stop=stop))
    assert deserialize_bytes_tensor(raw(message)["text_input"]).tolist() == [prompt.encode()]
    assert deserialize_bytes_tensor(raw(message)["stop_words"]).tolist() == [word.encode() for word in stop]
    assert (shapes(message)["text_input"], shapes(message)["stop_words"]) == ((1, 1), (1, len(stop)))


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_llmapi_has_no_batch(stop: list[str]) -> None:
    """`llmapi` is sent everything in one dimension: it refuses a text in two."""
    message = request(Call("id", "prompt", 1.0, 50, stop=stop), LLMAPI)
    assert shapes(message)["text_input"] == shapes(message)["streaming"] == (1,)
    assert shapes(message)["sampling_param_stop"] == (len(stop),)


@pytest.mark.parametrize(("tensor_map", "prefix"), [(ENSEMBLE, ""), (LLMAPI, "sampling_param_")])
def test_numbers_are_what_triton_reads(tensor_map: TensorMap, prefix: str) -> None:
    """Numbers and flags have the byte order and width of their type."""
    message = request(Call("id", "", 1.0, 50, temperature=0.5, seed=2**64 - 1), tensor_map, 7)
    values = raw(message)
    assert np.frombuffer(values[f"{prefix}max_tokens"], np.int32).tolist() == [50]
    assert np.frombuffer(values[f"{prefix}temperature"], np.float32).tolist() == [0.5]
    assert np.frombuffer(values[f"{prefix}seed"], np.uint64).tolist() == [2**64 - 1]
    assert np.frombuffer(values[f"{prefix}return_perf_metrics"], np.bool_).tolist() == [True]
    assert message.parameters["timeout"].int64_param == 7


def test_requests_share_nothing() -> None:
    """The shape of one request's stop words does not reach the next."""
    request(Call("id", "", 1.0, 50, stop=("a", "b", "c")))
    assert shapes(request(Call("id", "", 1.0, 50, stop=("a",))))["stop_words"] == (1, 1)


def test_cached_tokens() -> None:
    """Reused blocks count as tokens, but never as more than the prompt had; without the figure they are unknown."""
    assert read(response(kv_cache_reused_blocks=2, num_input_tokens=500)).cached_tokens == 128
    assert read(response(kv_cache_reused_blocks=8, num_input_tokens=500)).cached_tokens == 500
    assert read(response(kv_cache_reused_blocks=0, num_input_tokens=500)).cached_tokens == 0
    assert read(response(num_input_tokens=500)).cached_tokens is None
    assert read(response(kv_cache_reused_block=2), LLMAPI).cached_tokens == 128


def test_figures_as_texts() -> None:
    """`llmapi` as released sends its figures as texts, whatever its configuration says; they count all the same."""
    message = response(kv_cache_reused_block=b"3", arrival_time_ns=b"1000000", first_scheduled_time_ns=b"3000000")
    completion = read(message, LLMAPI)
    assert (completion.cached_tokens, completion.queue_ms) == (192, 2.0)


@pytest.mark.parametrize("reason", [b"stop", b"length"])
def test_finish_reason(reason: bytes) -> None:
    """Why an answer ended is told where the server tells it."""
    assert read(response(finish_reason=reason), LLMAPI).finish_reason == reason.decode()
    assert read(response(finish_reason=b"None"), LLMAPI).finish_reason is None
    assert read(response()).finish_reason is None


@pytest.mark.parametrize("reason", [b"cancelled", b"timeout"])
def test_answers_given_up(reason: bytes) -> None:
    """What the server gave up is no answer."""
    with pytest.raises(ModelUnavailable, match=reason.decode()):
        read(response(finish_reason=reason), LLMAPI)


def test_times_of_a_server_without_metrics() -> None:
    """Zeros in place of times are no times."""
    completion = read(
        response(arrival_time_ns=0, first_scheduled_time_ns=0, first_token_time_ns=0, last_token_time_ns=0)
    )
    assert (completion.queue_ms, completion.prefill_ms, completion.decode_ms) == (None, None, None)


@pytest.mark.parametrize("packed", [b"", b"\0\0\0\0", b"\x03\0\0\0a\xff\xff"])
def test_strange_texts(packed: bytes) -> None:
    """An empty answer, or one cut within a character, is still a text; whether it is an intent is asked later."""
    message = response()
    message.raw_output_contents[0] = packed
    assert read(message).text == {b"": "", b"\0\0\0\0": ""}.get(packed, "a\ufffd\ufffd")


def test_answers_agree_with_tritonclient() -> None:
    """We read from a response what tritonclient reads."""
    message = response(num_input_tokens=12)
    result, completion = InferResult(message), read(message)
    assert [[completion.text.encode()]] == result.as_numpy("text_output").tolist()
    assert [[completion.input_tokens]] == result.as_numpy("num_input_tokens").tolist()
