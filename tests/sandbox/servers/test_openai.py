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
from streams.errors import ModelOverloaded
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
            assert (completion.cached_tokens, completion.finish_reason) == (cached, "stop")
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
