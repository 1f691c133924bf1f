"""Fields that a server refuses are left off; how a schema is sent, and thinking switched off."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from structlog.testing import capture_logs

from clients.dialects.openai import OpenAIClient
from clients.dialects.requests import is_strict
from clients.dialects.sent_fields import LOST, Guided, named_fields
from clients.dialects.servers import ServerName
from streams.errors import ModelOverloaded, ModelUnavailable, PromptTooLong
from tests.clients.asking import ask
from tests.fakes.openai_kinds import Refused
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.scripted_calls import Turn

SCHEMA = '{"type":"object","properties":{"m":{"type":"integer"}},"required":["m"],"additionalProperties":false}'
Body = Mapping[str, Any]


@pytest.fixture
async def client(openai_server: OpenAIServer) -> AsyncIterator[OpenAIClient]:
    """A client that knows nothing but the URL."""
    client = OpenAIClient(openai_server.url)
    yield client
    await client.close()


async def complete(client: OpenAIClient, traffic_class: Any = "live") -> str:
    """The text that a call with every field is answered by."""
    call = structs.replace(ask(Turn(("yes",)), json_schema=SCHEMA, stop=("\n\n",)), traffic_class=traffic_class)
    return (await client.complete(call)).text


@pytest.mark.parametrize("field", ["seed", "stop", "temperature", "stream_options", "response_format"])
@pytest.mark.parametrize(
    "message",
    [
        "UnsupportedParamsError: the provider does not support parameters: ['{}'], set drop_params",
        "Unrecognized request argument supplied: {}",
        'detail: [{{"loc": ["body", "{}"], "msg": "Extra inputs are not permitted"}}]',
        "Unsupported parameter: '{}' (temperature, seed and stop are of other models)",
    ],
)
@pytest.mark.parametrize("status", [400, 422])
async def test_a_field_that_is_refused(
    client: OpenAIClient, openai_server: OpenAIServer, field: str, message: str, status: int
) -> None:
    """The call is made again without the field alone, later ones are made so at once, and it is said once."""
    openai_server.refuses = lambda body: Refused(status, message.format(field)) if field in body else None
    with capture_logs() as logs:
        assert [await complete(client) for _ in range(3)] == ["yes"] * 3
    tries = 3 if field == "response_format" else 2  # for it may be JSON of any form that is taken
    assert len(openai_server.bodies) == tries + 2
    first, last = openai_server.bodies[0], openai_server.bodies[-1]
    assert first.keys() - last.keys() == {field}
    assert [log["field"] for log in logs] == ["guide" if field == "response_format" else field]
    assert logs[0]["lost"]


async def test_fields_one_by_one(client: OpenAIClient, openai_server: OpenAIServer) -> None:
    """A server that takes nothing of it is found out in one call."""
    fields = ("seed", "stop", "temperature", "stream_options", "response_format", "max_tokens")

    def refuses(body: Body) -> Refused | None:
        named = next((field for field in fields if field in body), None)
        return Refused(400, f"Unsupported parameter: '{named}'") if named else None

    openai_server.refuses = refuses
    assert await complete(client) == "yes"
    assert openai_server.bodies[-1].keys() == {"model", "messages", "stream", "max_completion_tokens"}


async def test_nothing_is_learnt_of_a_failure(client: OpenAIClient, openai_server: OpenAIServer) -> None:
    """A field counts as refused only when the call is answered without it."""
    failing = [Refused(500, "xgrammar: engine died"), Refused(500, "engine died")]
    openai_server.refuses = lambda _: failing.pop(0) if failing else None
    with pytest.raises(ModelUnavailable):
        await complete(client)
    assert await complete(client) == "yes"
    assert openai_server.bodies[-1]["response_format"]["type"] == "json_schema"


ECHO = '"input": {"seed": 0, "stop": ["x"], "temperature": 0.0, "response_format": {}}'


@pytest.mark.parametrize(
    ("status", "text", "fields"),
    [
        (
            422,
            '{"detail": [{"loc": ["body", "stop"], "msg": "Extra inputs are not permitted", ' + ECHO + "}]}",
            ("stop",),
        ),
        (400, '{"error": {"message": "\'stop\' or \'seed\' is not supported", "param": "seed"}}', ("seed",)),
        (400, '{"error": {"message": "bad", "param": "response_format.json_schema"}}', ("guide",)),
        ("unsupported_parameter", "Unsupported parameter: 'seed'", ("seed",)),
        (400, '{"error": {"message": "too long", "param": "messages"}}', ()),
        (401, "seed is not supported", ()),
        (400, '["seed"]', ("seed",)),
        (400, "", ()),
    ],
)
def test_the_field_that_is_meant(status: int | str, text: str, fields: tuple[str, ...]) -> None:
    """Where a server points at a field, that one is meant, whatever else it repeats of the request."""
    assert named_fields(status, text) == fields


@given(st.integers(100, 599) | st.text(), st.text())
def test_any_error_can_be_judged(status: int | str, text: str) -> None:
    """Whatever a server says, the fields that are named are of those that may be left off."""
    nested = '{"error": ' + text + ', "detail": [' + text + "]}"
    assert {*named_fields(status, text), *named_fields(400, nested)} <= set(LOST)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("maximum context length is 4096 tokens", PromptTooLong),
        ("please stop", ModelUnavailable),
        ("no such seedling", ModelUnavailable),
    ],
)
async def test_other_refusals(
    client: OpenAIClient, openai_server: OpenAIServer, message: str, kind: type[Exception]
) -> None:
    """A refusal that is about something else is told as it is."""
    openai_server.refuses = lambda _: Refused(400, message)
    with pytest.raises(kind, match=message):
        await complete(client)
    assert len(openai_server.bodies) == 1


async def test_overload_that_speaks_of_guidance(client: OpenAIClient, openai_server: OpenAIServer) -> None:
    """A server that wants less is not asked again at once."""
    openai_server.refuses = lambda _: Refused(503, "too many structured output requests")
    with pytest.raises(ModelOverloaded):
        await complete(client)
    assert len(openai_server.bodies) == 1


def _only(*types: str | None) -> Callable[[Body], Refused | None]:
    """A server that takes these types of `response_format`, and answers others by 500."""

    def refuses(body: Body) -> Refused | None:
        wanted = body.get("response_format", {}).get("type")
        return None if wanted in types else Refused(500, f"litellm.APIError: response_format {wanted} failed")

    return refuses


@pytest.mark.parametrize("takes", ["json_schema", "json_object", None])
async def test_guidance_falls_back(client: OpenAIClient, openai_server: OpenAIServer, takes: str | None) -> None:
    """From the schema to JSON of any form, and from that to none; also where a gateway makes a 500 of it."""
    openai_server.refuses = _only(takes)
    assert await complete(client) == "yes"
    assert openai_server.bodies[-1].get("response_format", {}).get("type") == takes


@pytest.mark.parametrize(
    ("guided", "sent"), [("json_schema", "json_schema"), ("json_object", "json_object"), ("off", None)]
)
async def test_guidance_that_is_set(openai_server: OpenAIServer, guided: Guided, sent: str | None) -> None:
    """What is set is sent, and nothing else where the server refuses it."""
    client = OpenAIClient(openai_server.url, guided=guided)
    assert await complete(client) == "yes"
    assert openai_server.bodies[-1].get("response_format", {}).get("type") == sent
    openai_server.refuses = lambda _: Refused(400, "response_format is not supported")
    with pytest.raises(ModelUnavailable, match="response_format"):
        await complete(client)
    await client.close()


def test_strict_schemas() -> None:
    """Strict are those whose objects require all they have and allow nothing else, at any depth."""
    assert is_strict(SCHEMA)
    assert not is_strict('{"type":"object"}')
    assert not is_strict(SCHEMA.replace('"required":["m"],', ""))
    assert not is_strict(SCHEMA.replace(',"additionalProperties":false', ""))
    assert not is_strict(SCHEMA.replace('{"type":"integer"}', '{"type":"array","items":{"type":"object"}}'))


async def test_strict_is_claimed_only_where_it_holds(client: OpenAIClient, openai_server: OpenAIServer) -> None:
    """OpenAI refuses a schema that is called strict and is not."""
    for schema in (SCHEMA, SCHEMA.replace(',"additionalProperties":false', "")):
        await client.complete(ask(Turn(), json_schema=schema))
        sent = openai_server.bodies[-1]["response_format"]["json_schema"]
        assert sent.get("strict", False) == is_strict(schema)
        assert sent["schema"] == orjson.loads(schema)


@pytest.mark.parametrize(
    ("kind", "model", "variables"),
    [
        ("vllm", "Qwen/Qwen3-8B", {"enable_thinking": False}),
        ("sglang", "qwen3-32b-fp8", {"enable_thinking": False}),
        ("dynamo", "zai-org/GLM-4.6", {"enable_thinking": False}),
        ("vllm", "deepseek-ai/DeepSeek-V3.1", {"thinking": False}),
        ("vllm", "Qwen/Qwen3-4B-Instruct-2507", None),
        ("vllm", "meta-llama/Llama-3.1-8B", None),
        ("other", "Qwen/Qwen3-8B", None),
        ("trtllm-serve", "Qwen/Qwen3-8B", None),
    ],
)
async def test_thinking_is_switched_off(kind: ServerName, model: str, variables: Body | None) -> None:
    """By the field that server and model document, and by none elsewhere; a server that refuses it is sent none."""
    server = OpenAIServer((model,), kind=kind)
    await server.start()
    client = OpenAIClient(server.url)
    await complete(client)
    assert server.bodies[-1].get("chat_template_kwargs") == variables
    field = "chat_template_kwargs"
    server.refuses = lambda body: Refused(400, f"{field}: Extra inputs are not permitted") if field in body else None
    assert await complete(client) == "yes"
    assert "chat_template_kwargs" not in server.bodies[-1]
    await client.close()
    await server.stop()
