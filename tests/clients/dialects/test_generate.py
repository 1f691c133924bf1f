"""Triton's generate extension, on a real tritonserver."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from clients.dialects.generate import GenerateClient
from streams.errors import ModelOverloaded, ModelUnavailable, SettingInvalid
from tests.clients.asking import ask
from tests.fakes.scripted_calls import Turn
from tests.fakes.scripted_triton import ScriptedTriton

pytestmark = pytest.mark.triton


@pytest.fixture
async def client(scripted_triton: ScriptedTriton) -> AsyncIterator[GenerateClient]:
    """A client that is told nothing but the URL, and takes the complete model."""
    client = GenerateClient(scripted_triton.http_url)
    yield client
    await client.close()


async def test_answers_are_streamed(client: GenerateClient) -> None:
    """Only then does Triton notice a closed connection. There is no way to say a timeout."""
    inputs = orjson.loads((await client.complete(ask("inputs"))).text)
    assert (inputs["stream"], inputs["timeout"]) == ([[True]], 0)


async def test_errors_come_with_their_words(client: GenerateClient) -> None:
    """Triton calls every error of a model a bad request, so its words decide."""
    with pytest.raises(ModelUnavailable, match=r"Executor failed process requestId 1.*\(400\)"):
        await client.complete(ask(Turn(fault="failure")))
    with pytest.raises(ModelOverloaded, match=r"Exceeds maximum queue size.*\(400\)"):
        await client.complete(ask(Turn(fault="overload")))


async def test_errors_in_a_stream(client: GenerateClient) -> None:
    """An error after the answer has begun, in a 200 stream, is an error; so is a stream without an answer."""
    with pytest.raises(ModelOverloaded, match=r"Exceeds maximum queue size.*\(200\)"):
        await client.complete(ask(Turn(fault="overload", delay_s=0.2)))
    with pytest.raises(ModelUnavailable, match="without an answer"):
        await client.complete(ask(Turn(fault="cut")))


async def test_full_queue(scripted_triton: ScriptedTriton) -> None:
    """When Triton's own queue is full, that is an overload, and so is a call that waited for too long in it."""
    client = GenerateClient(scripted_triton.http_url, "narrow")
    calls = [client.complete(ask(Turn(("yes",), delay_s=0.5))) for _ in range(4)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refusals = [o for o in outcomes if isinstance(o, BaseException)]
    assert {type(refusal) for refusal in refusals} == {ModelOverloaded}
    assert len(refusals) == 3
    await client.close()


async def test_older_model(scripted_triton: ScriptedTriton) -> None:
    """A model without the optional tensors is sent only those that it knows, and what it lacks is told."""
    client = GenerateClient(scripted_triton.http_url, "old")
    assert (await client.probe()).endswith("model old, over HTTP (without guided decoding and perf metrics)")
    inputs = orjson.loads((await client.complete(ask("inputs", json_schema="{}", stop=("x",)))).text)
    assert inputs.keys() == {"text_input", "max_tokens", "timeout"}
    await client.close()


async def test_llmapi(scripted_triton: ScriptedTriton) -> None:
    """The other tensors are found by the model's metadata; what cannot stream cannot be cancelled, and that is told."""
    client = GenerateClient(scripted_triton.http_url, "tensorrt_llm")
    assert (await client.probe()).endswith("(without guided decoding and cancellation)")
    completion = await client.complete(ask(Turn(("a", "b"))))
    assert (completion.text, completion.finish_reason, completion.cached_tokens) == ("ab", "stop", 64)
    assert (completion.queue_ms, completion.prefill_ms, completion.decode_ms) == (2.0, 30.0, 100.0)
    await client.close()


def test_wrong_url() -> None:
    """A URL that is none stops the start, and the message shows it."""
    with pytest.raises(SettingInvalid, match="'localhost:8000'"):
        GenerateClient("localhost:8000")
