"""What holds of Triton by gRPC and by its generate extension alike, on a real tritonserver."""

from collections.abc import AsyncIterator, Callable

import orjson
import pytest

from clients.calls import ModelClient
from clients.dialects.generate import GenerateClient
from clients.dialects.sent_fields import Guided
from clients.dialects.triton import TritonClient
from streams.errors import ContractMismatch, ModelUnavailable
from tests.clients.asking import ask
from tests.fakes.scripted_calls import Turn
from tests.fakes.scripted_triton import ScriptedTriton

pytestmark = pytest.mark.triton

Connect = Callable[..., ModelClient]


@pytest.fixture(params=["gRPC", "HTTP"])
async def connect(request: pytest.FixtureRequest, scripted_triton: ScriptedTriton) -> AsyncIterator[Connect]:
    """Makes clients, which are closed in the end; without a name they take the complete model."""
    clients: list[ModelClient] = []

    def made(name: str | None = None, guided: Guided = "auto") -> ModelClient:
        if request.param == "gRPC":
            clients.append(TritonClient(scripted_triton.grpc_address, name, guided=guided))
        else:
            clients.append(GenerateClient(scripted_triton.http_url, name, guided=guided))
        return clients[-1]

    yield made
    for client in clients:
        await client.close()


async def test_inputs(connect: Connect) -> None:
    """Everything that a call says arrives in the tensor of its name; deadline and streaming are each client's own."""
    call = ask("inputs", within_s=5, json_schema='{"type":"object"}', stop=("\n\n", "é"))
    inputs = orjson.loads((await connect().complete(call)).text)
    assert {name: value for name, value in inputs.items() if name not in ("timeout", "stream")} == {
        "text_input": [["inputs"]],
        "max_tokens": [[50]],
        "temperature": [[0.0]],
        "seed": [[0]],
        "exclude_input_in_output": [[True]],
        "stop_words": [["\n\n", "é"]],
        "return_num_input_tokens": [[True]],
        "return_num_output_tokens": [[True]],
        "return_perf_metrics": [[True]],
        "guided_decoding_guide_type": [["json_schema"]],
        "guided_decoding_guide": [['{"type":"object"}']],
    }


async def test_figures(connect: Connect) -> None:
    """The server's own figures come with the answer: tokens, reused blocks as tokens, and where the time went."""
    completion = await connect().complete(ask(Turn()))
    assert (completion.input_tokens, completion.output_tokens, completion.cached_tokens) == (100, 7, 64)
    assert (completion.queue_ms, completion.prefill_ms, completion.decode_ms) == (2.0, 30.0, 100.0)


async def test_unknown_model(connect: Connect) -> None:
    """A probe for a model that is not there names those that are; a call for it is only unavailable."""
    client, there = connect("absent"), "ensemble, narrow, old, strange, tensorrt_llm"
    with pytest.raises(ContractMismatch, match=f"expected model absent, found {there}"):
        await client.probe()
    with pytest.raises(ModelUnavailable, match="absent"):
        await client.complete(ask(Turn()))


@pytest.mark.parametrize(("fault", "kind"), [("no schema", [["json"]]), ("no guide", None)])
async def test_guidance_falls_back(connect: Connect, fault: str, kind: object) -> None:
    """An engine without a guided decoder says so for each call that has a guide: from then on none is sent, or JSON of
    any form where that is taken."""
    client = connect()
    first = await client.complete(ask(Turn(fault=fault), json_schema="{}"))
    after = await client.complete(ask("inputs", json_schema="{}"))
    for inputs in (orjson.loads(first.text), orjson.loads(after.text)):
        assert inputs.get("guided_decoding_guide_type") == kind
        assert "guided_decoding_guide" not in inputs


@pytest.mark.parametrize(
    ("guided", "kind"), [("json_schema", [["json_schema"]]), ("json_object", [["json"]]), ("off", None)]
)
async def test_guidance_that_is_set(connect: Connect, guided: Guided, kind: object) -> None:
    """What is set is sent, and nothing else where the engine refuses it."""
    client = connect(guided=guided)
    inputs = orjson.loads((await client.complete(ask("inputs", json_schema="{}"))).text)
    assert inputs.get("guided_decoding_guide_type") == kind
    if kind is not None:
        with pytest.raises(ModelUnavailable, match="GuidedDecoder is not setup"):
            await client.complete(ask(Turn(fault="no guide"), json_schema="{}"))
