"""Triton's own ways, on a real tritonserver."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

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


async def test_the_deadline_is_sent_as_timeout(client: TritonClient) -> None:
    """In microseconds, what is left of it; nothing is streamed."""
    inputs = orjson.loads((await client.complete(ask("inputs", within_s=5))).text)
    assert 0 < inputs["timeout"] <= 5_000_000
    assert inputs["stream"] == [[False]]


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
