"""Triton's generate extension, on a real tritonserver."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from clients.dialects.generate import GenerateClient
from clients.dialects.sent_fields import Guided
from streams.errors import ContractMismatch, ModelOverloaded, ModelUnavailable, SettingInvalid
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


async def test_inputs(client: GenerateClient) -> None:
    """Everything that a call says arrives in the tensor of its name; answers are streamed, for only then does Triton
    notice a closed connection."""
    call = ask("inputs", json_schema='{"type":"object"}', stop=("\n\n", "é"))
    inputs = orjson.loads((await client.complete(call)).text)
    assert inputs.pop("timeout") == 0  # there is no way to say one
    assert inputs == {
        "text_input": [["inputs"]],
        "max_tokens": [[50]],
        "temperature": [[0.0]],
        "seed": [[0]],
        "stream": [[True]],
        "exclude_input_in_output": [[True]],
        "stop_words": [["\n\n", "é"]],
        "return_num_input_tokens": [[True]],
        "return_num_output_tokens": [[True]],
        "return_perf_metrics": [[True]],
        "guided_decoding_guide_type": [["json_schema"]],
        "guided_decoding_guide": [['{"type":"object"}']],
    }


async def test_figures(client: GenerateClient) -> None:
    """The server's own figures come with the answer: tokens, reused blocks as tokens, and where the time went."""
    completion = await client.complete(ask(Turn()))
    assert (completion.input_tokens, completion.output_tokens, completion.cached_tokens) == (100, 7, 64)
    assert (completion.queue_ms, completion.prefill_ms, completion.decode_ms) == (2.0, 30.0, 100.0)


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


async def test_unknown_model(scripted_triton: ScriptedTriton) -> None:
    """A probe for a model that is not there names those that are; a call for it is only unavailable."""
    client = GenerateClient(scripted_triton.http_url, "absent")
    with pytest.raises(ContractMismatch, match="expected model absent, found ensemble, narrow, old, strange"):
        await client.probe()
    with pytest.raises(ModelUnavailable, match="absent"):
        await client.complete(ask(Turn()))
    await client.close()


def test_wrong_url() -> None:
    """A URL that is none stops the start, and the message shows it."""
    with pytest.raises(SettingInvalid, match="'localhost:8000'"):
        GenerateClient("localhost:8000")


@pytest.mark.parametrize(("fault", "kind"), [("no schema", [["json"]]), ("no guide", None)])
async def test_guidance_falls_back(client: GenerateClient, fault: str, kind: object) -> None:
    """An engine without a guided decoder says so for each call that has a guide: from then on none is sent, or JSON of
    any form where that is taken."""
    first = await client.complete(ask(Turn(fault=fault), json_schema="{}"))
    after = await client.complete(ask("inputs", json_schema="{}"))
    for inputs in (orjson.loads(first.text), orjson.loads(after.text)):
        assert inputs.get("guided_decoding_guide_type") == kind
        assert "guided_decoding_guide" not in inputs


@pytest.mark.parametrize(
    ("guided", "kind"), [("json_schema", [["json_schema"]]), ("json_object", [["json"]]), ("off", None)]
)
async def test_guidance_that_is_set(scripted_triton: ScriptedTriton, guided: Guided, kind: object) -> None:
    """What is set is sent, and nothing else where the engine refuses it."""
    client = GenerateClient(scripted_triton.http_url, guided=guided)
    inputs = orjson.loads((await client.complete(ask("inputs", json_schema="{}"))).text)
    assert inputs.get("guided_decoding_guide_type") == kind
    if kind is not None:
        with pytest.raises(ModelUnavailable, match="GuidedDecoder is not setup"):
            await client.complete(ask(Turn(fault="no guide"), json_schema="{}"))
    await client.close()
