"""A real model on llama.cpp's server: `make llm` installs both."""

import json
from importlib import metadata
from pathlib import Path

import pytest

from clients.dialects.openai import OpenAIClient
from sandbox.servers.llama import LlamaServer, smollm2
from streams.errors import PlatformLacks
from tests.clients.asking import ask

pytestmark = pytest.mark.slow

SCHEMA = '{"type":"object","properties":{"m":{"enum":["one","two"]}},"required":["m"],"additionalProperties":false}'
WITHIN_S = 300.0


@pytest.fixture
def model_file() -> Path:
    """The file of the small model."""
    try:
        metadata.version("xllamacpp")
        return smollm2()
    except (PlatformLacks, metadata.PackageNotFoundError):
        pytest.skip("NO REAL MODEL: run `make llm`")


async def test_a_real_model_answers_as_told(tmp_path: Path, model_file: Path) -> None:
    """It is recognised by itself, keeps to a schema on both paths, counts its tokens, and answers 200 calls back to
    back: it closes connections as it likes, and no call fails by that."""
    async with LlamaServer(tmp_path, model_file) as server:
        assert "SmolLM2-135M" in server.describe()
        clients = [OpenAIClient(server.url, api=api) for api in ("chat", "completions")]
        assert (await clients[0].probe()).startswith("llama.cpp at ")
        for client in clients:
            answer = await client.complete(ask("Say one or two.", WITHIN_S, SCHEMA))
            assert json.loads(answer.text)["m"] in {"one", "two"}
            assert answer.output_tokens
        again = await clients[1].complete(ask("Say one or two.", WITHIN_S, SCHEMA))
        assert again.cached_tokens
        for _ in range(200):
            await clients[0].complete(ask("Say one.", WITHIN_S, '{"type":"integer","enum":[1,2]}'))
        for client in clients:
            await client.close()
