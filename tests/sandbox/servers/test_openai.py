"""The embedded OpenAI-compatible server, a process of its own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from clients.dialects.openai import OpenAIClient
from sandbox.gpu.timing import LIGHT
from sandbox.servers.openai import OpenAIServer
from streams.errors import ModelOverloaded, PromptTooLong
from tests.clients.asking import ask, eventually
from tests.fakes.echo import ECHO

SLOW = replace(LIGHT, decode_ms_per_sequence=1_000, max_batch=2, max_waiting=0)


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[OpenAIServer]:
    """One that takes a second and more for every token but the first, for two calls and no more."""
    async with OpenAIServer(tmp_path, timing=SLOW, answer=ECHO) as server:
        yield server


async def counts(server: OpenAIServer) -> dict[str, int]:
    """Opened, closed and cancelled, by its metrics."""
    async with httpx.AsyncClient(trust_env=False) as client:
        lines = (await client.get(server.metrics_url)).text.split("\n")
    return {line.split("_")[3]: int(line.split()[1]) for line in lines if line}


@pytest.mark.parametrize("api", ["chat", "completions"])
async def test_answers(tmp_path: Path, api: str) -> None:
    """The answer is cut as asked, and comes with tokens, cached ones among them, and the time to the first."""
    timing = replace(LIGHT, prefill_ms_per_token=0.1)
    async with OpenAIServer(tmp_path, timing=timing, answer=ECHO) as server:
        client = OpenAIClient(server.url, api=api)  # type: ignore[arg-type] # one of both
        assert (await client.probe()).endswith("model simulated")
        prompt = "what does this shopper want? " * 20
        for cached in (0, 128):
            completion = await client.complete(ask(prompt, stop=("never",)))
            assert completion.text == prompt[:200]
            assert (completion.input_tokens, completion.output_tokens) == (145, 50)
            assert (completion.cached_tokens, completion.finish_reason) == (cached, "length")
            assert completion.prefill_ms is not None
            assert completion.decode_ms is not None
        assert (await client.complete(ask("one, two", stop=(",",)))).text == "one"
        assert await counts(server) == {"opened": 3, "closed": 3, "cancelled": 0}
        await client.close()


async def test_abandoned_calls(slow: OpenAIServer) -> None:
    """A call whose client has gone is gone from the simulated GPU, which makes room for another."""
    client = OpenAIClient(slow.url)
    calls = [asyncio.create_task(client.complete(ask("x" * 100))) for _ in range(2)]
    await eventually(lambda: counts(slow), lambda found: found["opened"] == 2)
    with pytest.raises(ModelOverloaded, match="Exceeds maximum queue size"):
        await client.complete(ask("x" * 100))
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    assert await eventually(lambda: counts(slow), lambda found: found["closed"] == 2) == {
        "opened": 2,
        "closed": 2,
        "cancelled": 2,
    }
    assert (await client.complete(ask("x"))).text == "x"
    await client.close()


async def test_it_says_what_it_is(slow: OpenAIServer) -> None:
    """Nobody takes it for a real one."""
    assert "simulated GPU" in slow.describe()


@pytest.mark.parametrize("path", ["chat/completions", "completions"])
async def test_whole_answers(tmp_path: Path, path: str) -> None:
    """Without a stream, and as many as were asked for; each prompt is computed once where they begin alike."""
    asked = {"messages": [{"role": "user", "content": "hello " * 50}], "prompt": "hello " * 50, "n": 3}
    async with OpenAIServer(tmp_path, answer=ECHO, model="mine") as server, httpx.AsyncClient(trust_env=False) as http:
        said = (await http.post(f"{server.url}/{path}", json=asked)).json()
        assert (await http.get(f"{server.url}/models")).json()["data"][0]["id"] == said["model"] == "mine"
    assert [choice["index"] for choice in said["choices"]] == [0, 1, 2]
    assert (said["usage"]["prompt_tokens"], said["usage"]["completion_tokens"]) == (75, 225)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None),
        (b'{"messages": []}', 400, "messages"),
        (b'{"messages": [{"role": "user", "content": "x"}], "model": "other"}', 404, "model"),
    ],
)
async def test_errors_name_the_field(slow: OpenAIServer, body: bytes, status: int, field: str | None) -> None:
    """In the form of OpenAI's API."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{slow.url}/chat/completions", content=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, field)


async def test_a_prompt_longer_than_the_memory_is_said_to_be(tmp_path: Path) -> None:
    """As real servers say it, so that it is not sent again."""
    async with OpenAIServer(tmp_path, timing=replace(LIGHT, kv_blocks=1), answer=ECHO) as server:
        client = OpenAIClient(server.url)
        with pytest.raises(PromptTooLong):
            await client.complete(ask("x" * 2_000))
        await client.close()
