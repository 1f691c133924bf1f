"""A real model inside the real tritonserver, asked by our own client through TensorRT-LLM's tensors."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from importlib import metadata
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from clients.dialects.triton import TritonClient
from prompts.answer import parse
from prompts.grounding import ground
from prompts.render import PromptRenderer
from prompts.rules import rules
from sandbox.servers import triton
from sandbox.servers.llama import smollm2
from sandbox.servers.real_triton import RealTritonServer
from streams.errors import PlatformLacks, PromptTooLong
from tests.clients.asking import ask
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, shopper

pytestmark = [pytest.mark.slow, pytest.mark.triton]

SCHEMA = '{"type":"object","properties":{"m":{"enum":["one","two"]}},"required":["m"],"additionalProperties":false}'
WITHIN_S = 300.0
SESSION = shopper(("search", "blue kettle"), ("view", KETTLE), ("view", OTHER_KETTLE))


@pytest.fixture(scope="module")
def model_file() -> Path:
    """The file of the small model."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    try:
        metadata.version("xllamacpp")
        return smollm2()
    except (PlatformLacks, metadata.PackageNotFoundError):
        pytest.skip("NO REAL MODEL: run `make llm`")


@pytest.fixture
async def server(tmp_path: Path, model_file: Path) -> AsyncIterator[RealTritonServer]:
    """With the model loaded."""
    async with RealTritonServer(tmp_path, model_file) as started:
        yield started


async def active(server: RealTritonServer) -> int:
    """Requests that wait or run, by its metrics."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(server.metrics_url)).text
    found = re.search(r'nv_trt_llm_request_metrics\{.*request_type="active".*\} (\d+)', text)
    return int(found[1]) if found else -1


async def test_a_real_model_answers_through_tritonserver(server: RealTritonServer) -> None:
    """It is named as what it is, keeps to a schema, counts its own tokens, finds the last prompt's beginning in its
    cache, stops when a call is given up, and refuses a prompt that is too long."""
    assert re.fullmatch(r"tritonserver [0-9.]+, SmolLM2-135M\S*, real, on llama.cpp, one thread", server.describe())
    client = TritonClient(server.grpc_address)
    try:
        answer = await client.complete(ask("Say one or two.", WITHIN_S, SCHEMA))
        assert json.loads(answer.text)["m"] in {"one", "two"}
        assert answer.input_tokens
        assert answer.output_tokens
        await _intent(client)
        with pytest.raises(PromptTooLong):
            await client.complete(ask("kettle " * 9_000, WITHIN_S))
        given_up = asyncio.create_task(
            client.complete(structs.replace(ask("Tell a long story.", WITHIN_S), max_tokens=4_000))
        )
        async with asyncio.timeout(WITHIN_S):
            while await active(server) != 1:  # noqa: ASYNC110 (what is waited for is another process)
                await asyncio.sleep(0.05)
            given_up.cancel()
            while await active(server) != 0:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        await client.close()


async def _intent(client: TritonClient) -> None:
    """A prompt of ours, twice: the second time nearly all of it is cached, and the answer is the same."""
    prompt = PromptRenderer("v4").render(SESSION)
    call = structs.replace(ask(prompt.text, WITHIN_S, prompt.json_schema, prompt.stop), max_tokens=prompt.max_tokens)
    first, again = [await client.complete(structs.replace(call, id=name)) for name in ("first", "again")]
    assert first.text == again.text
    assert again.cached_tokens
    assert again.input_tokens
    assert again.cached_tokens > 0.8 * again.input_tokens
    removed = ground(parse(first.text, foresees=True), SESSION, rules(SESSION)).removed
    assert not {"category", "brand", "evidence"} & set(removed)
