"""Tensors in and out of bytes."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import InferResult, service_pb2
from tritonclient.utils import deserialize_bytes_tensor

from clients import tensors
from clients.calls import Call

NAMES = frozenset(t.name for t in (*tensors.REQUIRED_INPUTS, *tensors.OPTIONAL_INPUTS))


def response(**figures: int) -> Any:
    """A ModelInferResponse with an answer and INT64 figures."""
    message = service_pb2.ModelInferResponse()
    for name, raw in {"text_output": b"\x02\0\0\0{}", **{n: struct.pack("<q", v) for n, v in figures.items()}}.items():
        message.outputs.add(name=name, datatype="BYTES" if name == "text_output" else "INT64", shape=[1, 1])
        message.raw_output_contents.append(raw)
    return message


def completed(**figures: int) -> Any:
    """The completion of that response, with blocks of 64 tokens."""
    return tensors.completion([response(**figures)], "model", "endpoint", 64)


@given(st.text(), st.lists(st.text(), min_size=1, max_size=4))
def test_texts_are_what_triton_reads(prompt: str, stop: list[str]) -> None:
    """tritonclient reads from our bytes the texts that went in, in the shapes that we declare."""
    message = tensors.request(Call("id", prompt, 1.0, 50, stop=stop), "model", NAMES, 1)
    raw = dict(zip([t.name for t in message.inputs], message.raw_input_contents, strict=True))
    shapes = {t.name: tuple(t.shape) for t in message.inputs}
    assert deserialize_bytes_tensor(raw["text_input"]).tolist() == [prompt.encode()]
    assert deserialize_bytes_tensor(raw["stop_words"]).tolist() == [word.encode() for word in stop]
    assert (shapes["text_input"], shapes["stop_words"]) == ((1, 1), (1, len(stop)))


def test_numbers_are_what_triton_reads() -> None:
    """Numbers have the byte order and width of their type."""
    message = tensors.request(Call("id", "", 1.0, 50, temperature=0.5, seed=2**64 - 1), "model", NAMES, 7)
    raw = dict(zip([t.name for t in message.inputs], message.raw_input_contents, strict=True))
    assert np.frombuffer(raw["max_tokens"], np.int32).tolist() == [50]
    assert np.frombuffer(raw["temperature"], np.float32).tolist() == [0.5]
    assert np.frombuffer(raw["seed"], np.uint64).tolist() == [2**64 - 1]
    assert message.parameters["timeout"].int64_param == 7


def test_requests_share_nothing() -> None:
    """The shape of one request's stop words does not reach the next."""
    tensors.request(Call("id", "", 1.0, 50, stop=("a", "b", "c")), "model", NAMES, 1)
    message = tensors.request(Call("id", "", 1.0, 50, stop=("a",)), "model", NAMES, 1)
    assert [tuple(t.shape) for t in message.inputs if t.name == "stop_words"] == [(1, 1)]


def test_cached_tokens() -> None:
    """Reused blocks count as tokens, but never as more than the prompt had; without the figure they are unknown."""
    assert completed(kv_cache_reused_blocks=2, num_input_tokens=500).cached_tokens == 128
    assert completed(kv_cache_reused_blocks=8, num_input_tokens=500).cached_tokens == 500
    assert completed(kv_cache_reused_blocks=0, num_input_tokens=500).cached_tokens == 0
    assert completed(num_input_tokens=500).cached_tokens is None


def test_times_of_a_server_without_metrics() -> None:
    """Zeros in place of times are no times."""
    completion = completed(arrival_time_ns=0, first_scheduled_time_ns=0, first_token_time_ns=0, last_token_time_ns=0)
    assert (completion.queue_ms, completion.prefill_ms, completion.decode_ms) == (None, None, None)


@pytest.mark.parametrize("raw", [b"", b"\0\0\0\0", b"\x03\0\0\0a\xff\xff"])
def test_strange_texts(raw: bytes) -> None:
    """An empty answer, or one cut within a character, is still a text; whether it is an intent is asked later."""
    message = response()
    message.raw_output_contents[0] = raw
    text = tensors.completion([message], "model", "endpoint", 64).text
    assert text == {b"": "", b"\0\0\0\0": ""}.get(raw, "a\ufffd\ufffd")


def test_answers_agree_with_tritonclient() -> None:
    """We read from a response what tritonclient reads."""
    message = response(num_input_tokens=12)
    result = InferResult(message)
    completion = tensors.completion([message], "model", "endpoint", 64)
    assert [[completion.text.encode()]] == result.as_numpy("text_output").tolist()
    assert [[completion.input_tokens]] == result.as_numpy("num_input_tokens").tolist()
