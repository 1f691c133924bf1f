"""OpenAI's own Python client before the simulated server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest

from sandbox.gpu.timing import LIGHT
from sandbox.servers.openai import OpenAIServer
from tests.fakes.echo import ECHO

pytestmark = pytest.mark.slow

PARTS: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "hello, "}, {"type": "text", "text": "you"}]}]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OpenAIServer]:
    """One that answers with what it is asked."""
    async with OpenAIServer(tmp_path, timing=replace(LIGHT, max_batch=2, max_waiting=0), answer=ECHO) as running:
        yield running


@pytest.fixture
async def client(server: OpenAIServer) -> AsyncIterator[openai.AsyncOpenAI]:
    """The client, without second tries."""
    async with openai.AsyncOpenAI(base_url=server.url, api_key="none", max_retries=0) as running:
        yield running


async def test_a_chat_whole(client: openai.AsyncOpenAI) -> None:
    """In parts, without `max_tokens`, twice, with log-probabilities."""
    (model,) = (await client.models.list()).data
    answer = await client.chat.completions.create(model=model.id, messages=PARTS, n=2, logprobs=True, top_logprobs=1)
    assert [choice.message.content for choice in answer.choices] == ["hello, you"] * 2
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    told = answer.choices[1].logprobs
    assert told
    assert [place.token for place in told.content or ()] == ["hell", "o, y", "ou"]


async def test_a_chat_streamed(client: openai.AsyncOpenAI) -> None:
    """The same, event by event; the last one has the tokens."""
    stream = await client.chat.completions.create(
        model="simulated", messages=PARTS, n=2, stream=True, stream_options={"include_usage": True}
    )
    events = [event async for event in stream]
    said = ["", ""]
    for event in events:
        for choice in event.choices:
            said[choice.index] += choice.delta.content or ""
    assert said == ["hello, you"] * 2
    assert events[0].choices[0].delta.role == "assistant"
    assert events[-1].usage
    assert events[-1].usage.completion_tokens == 6


async def test_texts(client: openai.AsyncOpenAI) -> None:
    """Whole and streamed, cut, several prompts at once, with log-probabilities."""
    whole = await client.completions.create(model="simulated", prompt=["one two", "three"], max_tokens=1, logprobs=1)
    assert [(choice.text, choice.finish_reason) for choice in whole.choices] == [("one ", "length"), ("thre", "length")]
    assert whole.choices[0].logprobs
    assert whole.choices[0].logprobs.tokens == ["one "]
    stream = await client.completions.create(model="simulated", prompt="one two", stream=True)
    assert "".join([event.choices[0].text async for event in stream]) == "one two"


async def test_errors(client: openai.AsyncOpenAI) -> None:
    """Each is the client's own for it."""
    with pytest.raises(openai.BadRequestError, match="prompt"):
        await client.completions.create(model="simulated", prompt=[])
    with pytest.raises(openai.NotFoundError, match="simulated"):
        await client.completions.create(model="other", prompt="x")
    with pytest.raises(openai.InternalServerError, match="queue"):
        await client.completions.create(model="simulated", prompt="x", n=3)
