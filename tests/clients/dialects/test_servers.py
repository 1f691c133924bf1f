"""What differs between OpenAI-compatible servers, on one that plays each of them from its own sources."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import get_args

import orjson
import pytest
from msgspec import structs

from clients.calls import Class
from clients.dialects.openai import OpenAIClient
from clients.dialects.servers import Api, ServerName
from streams.errors import ContractMismatch, ModelOverloaded, ModelUnavailable
from tests.clients.asking import ask
from tests.fakes.openai_kinds import KINDS
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.scripted_calls import Turn

NAMED: list[ServerName] = ["trtllm-serve", "vllm", "sglang", "dynamo", "triton-openai"]
WITH_PRIORITY: list[ServerName] = ["trtllm-serve", "vllm", "sglang", "dynamo"]
CLASSES: tuple[Class, ...] = get_args(Class)
SCHEMA = '{"type":"object","properties":{"m":{"type":"integer"}},"required":["m"]}'

Start = Callable[..., Awaitable[tuple[OpenAIServer, OpenAIClient]]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a server of a kind, and a client that is told nothing but the URL."""
    started: list[tuple[OpenAIServer, OpenAIClient]] = []

    async def one(
        kind: str, *, api: Api = "chat", server: ServerName | None = None, priorities: bool = True
    ) -> tuple[OpenAIServer, OpenAIClient]:
        playing = OpenAIServer(kind=kind, priorities=priorities)
        await playing.start()
        started.append((playing, OpenAIClient(playing.url, api=api, server=server, session_key=b"key")))
        return started[-1]

    yield one
    for server, client in started:
        await client.close()
        await server.stop()


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("trtllm-serve", "trtllm-serve 1.2.0 at {}, model tiny"),
        ("vllm", "vLLM 0.14.0 at {}, model tiny"),
        ("sglang", "SGLang at {}, model tiny"),
        ("dynamo", "Dynamo at {}, model tiny"),
        (
            "triton-openai",
            "Triton's OpenAI frontend at {}, model tiny (without guided decoding and cancellation)",
        ),
        ("other", "OpenAI-compatible server at {}, model tiny"),
        ("llamacpp", "llama.cpp at {}, model tiny"),
        ("litellm", "OpenAI-compatible server at {}, model tiny"),
    ],
)
async def test_servers_are_recognised(start: Start, kind: str, line: str) -> None:
    """A probe finds out which server it is, its version where it tells, and what it lacks."""
    _, client = await start(kind)
    assert await client.probe() == line.format(client.endpoint)


async def test_another_server_than_configured(start: Start) -> None:
    """A server that says to be another one stops the start; behind a gateway that does not say, we are believed."""
    _, client = await start("sglang", server="vllm")
    with pytest.raises(ContractMismatch, match=r"expected server vllm, found sglang \(models owned by 'sglang'\)"):
        await client.probe()
    _, client = await start("other", server="vllm")
    assert (await client.probe()).startswith("vLLM at")
    _, client = await start("vllm", server="other")
    assert (await client.probe()).startswith("OpenAI-compatible server at")


@pytest.mark.parametrize("kind", NAMED)
async def test_dead_engine(start: Start, kind: ServerName) -> None:
    """A server whose frontend still lists its models, but whose engine has died, is unavailable to a probe, and not
    just overloaded, though it says so by 503."""
    server, client = await start(kind)
    server.alive = False
    with pytest.raises(ModelUnavailable) as failure:
        await client.probe()
    assert not isinstance(failure.value, ModelOverloaded)


@pytest.mark.parametrize(
    ("kind", "server", "paths"),
    [
        ("litellm", None, ["/v1/models"]),
        ("litellm", "litellm", ["/v1/models", "/health/readiness"]),
        ("other", None, ["/v1/models"]),
        ("sglang", None, ["/v1/models", "/health"]),
    ],
)
async def test_probes_cost_nothing(start: Start, kind: str, server: ServerName | None, paths: list[str]) -> None:
    """Of a server that is not known, which may be a gateway whose health page calls every model, only the models are
    asked for."""
    playing, client = await start(kind, server=server)
    await client.probe()
    assert list(playing.paths) == paths


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("dynamo", "X-Dynamo-Session-ID"),
        ("vllm", "X-Session-Id"),
        ("trtllm-serve", "X-Session-Id"),
        ("sglang", "X-SMG-Routing-Key"),
        ("other", "X-Session-Id"),
        ("triton-openai", None),
    ],
)
async def test_sessions_through_routers(start: Start, kind: str, header: str | None) -> None:
    """A router knows the calls of one shopper and prompt version by one header, which tells nobody who they are; each
    call has its id, whatever text is in it."""
    playing, client = await start(kind)
    calls = [("s-1", "v1"), ("s-1", "v1"), ("s-2", "v1"), ("s-1", "v2"), ("", "v1")]
    for shopper, version in calls:
        await client.complete(
            structs.replace(ask(Turn()), id=f"7-{shopper}é\r\n", shopper=shopper, prompt_version=version)
        )
    assert [sent["X-Request-Id"] for sent in playing.headers] == [f"7-{shopper}???" for shopper, _ in calls]
    if header is None:
        assert not any("ession" in name or "outing" in name for sent in playing.headers for name in sent)
        return
    one, again, another, later, nobody = (sent.get(header) for sent in playing.headers)
    assert one == again
    assert len({one, another, later}) == 3
    assert nobody is None
    assert one is not None
    assert len(one) == 32
    assert "s-1" not in one


@pytest.mark.parametrize("api", ["chat", "completions"])
@pytest.mark.parametrize("kind", WITH_PRIORITY)
async def test_live_goes_first(start: Start, kind: ServerName, api: Api) -> None:
    """As each server understands it, each class is more urgent than the next, replay than batch; none would be cut off
    for another, and live is never behind the calls of others, who say nothing."""
    server, client = await start(kind, api=api)
    for traffic_class in CLASSES:
        await client.complete(structs.replace(ask(Turn()), traffic_class=traffic_class))
    realtime, live, replay, batch = (asked.urgency for asked in server.asked)
    assert realtime > live > replay > batch
    assert realtime - batch < 10  # SGLang's preemption threshold
    assert live >= KINDS[kind].urgency({})


@pytest.mark.parametrize("kind", WITH_PRIORITY)
async def test_server_without_priorities(start: Start, kind: ServerName) -> None:
    """A server that was not started with priorities answers every class all the same, and is not asked for them again
    once it has refused."""
    server, client = await start(kind, priorities=False)
    for traffic_class in (*CLASSES, *CLASSES):
        await client.complete(structs.replace(ask(Turn(("yes",))), traffic_class=traffic_class))
    refused = kind in ("vllm", "sglang")
    assert len(server.bodies) == (9 if refused else 8)
    assert any("priority" in body for body in list(server.bodies)[-4:]) == (kind == "trtllm-serve")


async def test_overload_is_no_refusal_of_priorities(start: Start) -> None:
    """A refusal that has nothing to do with priorities does not end their use."""
    server, client = await start("sglang")
    with pytest.raises(ModelUnavailable):
        await client.complete(ask(Turn(fault="overload")))
    await client.complete(ask(Turn()))
    assert server.asked[-1].urgency == 2


@pytest.mark.parametrize("api", ["chat", "completions"])
@pytest.mark.parametrize("kind", [*NAMED, "other"])
async def test_schema(start: Start, kind: ServerName, api: Api) -> None:
    """Each server holds its answers to our schema, except the one that ignores schemas, which is not sent any."""
    server, client = await start(kind, api=api)
    await client.complete(ask(Turn(), json_schema=SCHEMA))
    (asked,) = server.asked
    assert asked.path.endswith("/chat/completions" if api == "chat" else "/v1/completions")
    assert asked.guide == (None if kind == "triton-openai" else orjson.loads(SCHEMA))
    assert ("response_format" in server.bodies[-1]) == (kind not in ("triton-openai", "dynamo"))


@pytest.mark.parametrize("kind", [*NAMED, "other"])
async def test_cached_tokens(start: Start, kind: ServerName) -> None:
    """Cached tokens are those told; a server that tells some leaves them out when there were none, and that is zero."""
    _, client = await start(kind)
    cached = [(await client.complete(ask(Turn(fault=fault)))).cached_tokens for fault in ("", "cold")]
    assert cached == ([None, None] if kind == "triton-openai" else [64, 0])


async def test_unknown_cached_tokens(start: Start) -> None:
    """Of a server that never told any, nobody knows."""
    _, client = await start("vllm")
    assert (await client.complete(ask(Turn(fault="cold")))).cached_tokens is None


@pytest.mark.parametrize(
    ("fault", "overloaded"), [("overload-503", False), ("overload-529", True), ("overload", True), ("failure", False)]
)
async def test_dynamo_tells_busy_from_gone(start: Start, fault: str, overloaded: bool) -> None:  # noqa: FBT001
    """Dynamo's 529 asks for less; its 503 says that nobody serves the model."""
    _, client = await start("dynamo")
    await client.probe()
    with pytest.raises(ModelUnavailable) as failure:
        await client.complete(ask(Turn(fault=fault)))
    assert (type(failure.value) is not ModelUnavailable) == overloaded


@pytest.mark.parametrize("api", ["chat", "completions"])
async def test_answers_given_up(start: Start, api: Api) -> None:
    """An answer that the server ends as aborted is no answer, however much of it came."""
    _, client = await start("sglang", api=api)
    with pytest.raises(ModelUnavailable, match="abort"):
        await client.complete(ask(Turn(("half",), fault="abort")))
    completion = await client.complete(ask(Turn(("whole",))))
    assert (completion.text, completion.finish_reason) == ("whole", "stop")


async def test_request_of_completions(start: Start) -> None:
    """Without a chat template, the prompt is sent as it is."""
    server, client = await start("vllm", api="completions")
    await client.complete(ask(Turn(), stop=("\n\n",)))
    assert server.bodies[-1] == {
        "model": "tiny",
        "prompt": Turn().prompt(),
        "max_tokens": 50,
        "temperature": 0.0,
        "seed": 0,
        "stop": ["\n\n"],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
