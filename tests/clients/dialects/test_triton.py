"""Triton's own ways, on a real tritonserver."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from clients.dialects.sent_fields import Guided
from clients.dialects.triton import TritonClient
from sandbox.servers.triton import TritonServer
from streams.errors import ContractMismatch, ModelOverloaded, ModelUnavailable
from tests.clients.asking import ask, eventually
from tests.fakes.scripted_calls import Turn
from tests.fakes.scripted_triton import ScriptedTriton

pytestmark = pytest.mark.triton


@pytest.fixture
async def client(scripted_triton: ScriptedTriton) -> AsyncIterator[TritonClient]:
    """A client of the complete model."""
    client = TritonClient(scripted_triton.grpc_address)
    yield client
    await client.close()


async def test_inputs(client: TritonClient) -> None:
    """Everything that a call says arrives in the tensor of its name, and the rest of the deadline as timeout."""
    call = ask("inputs", within_s=5, json_schema='{"type":"object"}', stop=("\n\n", "é"))
    inputs = orjson.loads((await client.complete(call)).text)
    assert 0 < inputs.pop("timeout") <= 5_000_000
    assert inputs == {
        "text_input": [["inputs"]],
        "max_tokens": [[50]],
        "temperature": [[0.0]],
        "seed": [[0]],
        "stream": [[False]],
        "exclude_input_in_output": [[True]],
        "stop_words": [["\n\n", "é"]],
        "return_num_input_tokens": [[True]],
        "return_num_output_tokens": [[True]],
        "return_perf_metrics": [[True]],
        "guided_decoding_guide_type": [["json_schema"]],
        "guided_decoding_guide": [['{"type":"object"}']],
    }


async def test_figures(client: TritonClient) -> None:
    """The server's own figures come with the answer: tokens, reused blocks as tokens, and where the time went."""
    completion = await client.complete(ask(Turn()))
    assert (completion.input_tokens, completion.output_tokens, completion.cached_tokens) == (100, 7, 64)
    assert (completion.queue_ms, completion.prefill_ms, completion.decode_ms) == (2.0, 30.0, 100.0)


async def test_long_prompt(client: TritonClient) -> None:
    """A prompt beyond gRPC's own limit of 4 MB goes through, and so does such an answer."""
    text = "x" * 5_000_000
    assert (await client.complete(ask(Turn((text,))))).text == text


@pytest.mark.parametrize("probed", [True, False])
async def test_older_model(scripted_triton: ScriptedTriton, *, probed: bool) -> None:
    """A model without the optional tensors is sent only those that it knows, whether it was probed or not."""
    client = TritonClient(scripted_triton.grpc_address, "old")
    if probed:
        assert (await client.probe()).endswith("model old (without guided decoding and perf metrics)")
    inputs = orjson.loads((await client.complete(ask("inputs", json_schema="{}", stop=("x",)))).text)
    assert inputs.keys() == {"text_input", "max_tokens", "timeout"}
    await client.close()


async def test_status(client: TritonClient) -> None:
    """A model's error comes with its gRPC status and words, which decide what is done about it."""
    with pytest.raises(ModelUnavailable, match="INTERNAL: Executor failed process requestId 1"):
        await client.complete(ask(Turn(fault="failure")))


async def test_full_queue(scripted_triton: ScriptedTriton) -> None:
    """When Triton's own queue is full, which it says in the stream and without a status, that is an overload."""
    client = TritonClient(scripted_triton.grpc_address, "narrow")
    calls = [client.complete(ask(Turn(("yes",), delay_s=0.1))) for _ in range(4)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refusals = [o for o in outcomes if isinstance(o, BaseException)]
    assert {type(refusal) for refusal in refusals} == {ModelOverloaded}
    assert 2 <= len(refusals) <= 3
    await client.close()


async def test_long_queue(scripted_triton: ScriptedTriton) -> None:
    """When a call has waited in Triton's queue for longer than the server allows, that is an overload."""
    client = TritonClient(scripted_triton.grpc_address, "narrow")
    first = asyncio.create_task(client.complete(ask(Turn(("yes",), delay_s=1.0))))
    await asyncio.sleep(0.2)
    with pytest.raises(ModelOverloaded, match="Request timeout expired"):
        await client.complete(ask(Turn()))
    assert (await first).text == "yes"
    await client.close()


async def test_mismatches_are_all_named(scripted_triton: ScriptedTriton) -> None:
    """A probe of a model with other tensors names each, with type and shape, as expected and as found."""
    client = TritonClient(scripted_triton.grpc_address, "strange")
    with pytest.raises(ContractMismatch) as mismatch:
        await client.probe()
    assert "input max_tokens INT32 [-1, 1]: found none of that name" in str(mismatch.value)
    assert "output text_output BYTES [-1, -1]: found text_output INT32 [-1, 1]" in str(mismatch.value)
    await client.close()


async def test_unknown_model(scripted_triton: ScriptedTriton) -> None:
    """A probe for a model that is not there names those that are; a call for it is only unavailable."""
    client = TritonClient(scripted_triton.grpc_address, "absent")
    with pytest.raises(
        ContractMismatch, match="expected model absent, found ensemble, narrow, old, strange, tensorrt_llm"
    ):
        await client.probe()
    with pytest.raises(ModelUnavailable, match="absent"):
        await client.complete(ask(Turn()))
    await client.close()


async def test_not_grpc(scripted_triton: ScriptedTriton) -> None:
    """A probe of an HTTP port ends soon, as unavailable."""
    client = TritonClient(scripted_triton.http_url.removeprefix("http://"))
    with pytest.raises(ModelUnavailable):
        await client.probe()
    await client.close()


@pytest.mark.slow
async def test_server_dies_and_returns(tmp_path: Path) -> None:
    """A call on a server that is killed is unavailable; the same client answers again when the server is back."""
    async with ScriptedTriton(tmp_path) as server:
        client = TritonClient(server.grpc_address)
        running = asyncio.create_task(client.complete(ask(Turn(delay_s=60))))
        await eventually(lambda: _opened(client), lambda opened: opened == 1)
        await server.kill()
        with pytest.raises(ModelUnavailable):
            await running
        with pytest.raises(ModelUnavailable):
            await client.complete(ask(Turn()))
        await server.start()
        assert (await eventually(lambda: _answer(client), bool)) == "back"
        await client.close()


async def _opened(client: TritonClient) -> int:
    return int(orjson.loads((await client.complete(ask("tally"))).text)["opened"])


async def _answer(client: TritonClient) -> str:
    try:
        return (await client.complete(ask(Turn(("back",))))).text
    except ModelUnavailable:
        return ""


async def test_embedded_server(triton_server: TritonServer) -> None:
    """The embedded Triton offers the whole contract, and its figures are plausible."""
    client = TritonClient(triton_server.grpc_address)
    assert (await client.probe()).endswith("model ensemble")
    completion = await client.complete(ask("hello there", json_schema="{}"))
    assert completion.text.startswith("hello")
    assert completion.input_tokens
    assert completion.output_tokens
    assert completion.cached_tokens is not None
    assert completion.queue_ms is not None
    assert completion.prefill_ms
    assert completion.decode_ms
    await client.close()


@pytest.mark.parametrize(("fault", "kind"), [("no schema", [["json"]]), ("no guide", None)])
async def test_guidance_falls_back(client: TritonClient, fault: str, kind: object) -> None:
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
    client = TritonClient(scripted_triton.grpc_address, guided=guided)
    inputs = orjson.loads((await client.complete(ask("inputs", json_schema="{}"))).text)
    assert inputs.get("guided_decoding_guide_type") == kind
    if kind is not None:
        with pytest.raises(ModelUnavailable, match="GuidedDecoder is not setup"):
            await client.complete(ask(Turn(fault="no guide"), json_schema="{}"))
    await client.close()
