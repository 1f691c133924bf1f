"""The configurations in docs/models.md work: each is read as a worker reads it, and makes the client that it shows."""

import re
import tomllib
from pathlib import Path

import pytest

from clients.calls import ModelClient
from clients.dialects.discovery import DiscoveredClient, connect
from clients.dialects.generate import GenerateClient
from clients.dialects.openai import OpenAIClient
from clients.dialects.servers import SERVERS
from clients.dialects.triton import TritonClient
from penchant.settings.root import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
BLOCK = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)

SHOWN: dict[str, type[ModelClient]] = {
    "In short": TritonClient,
    "Triton, `ensemble` or `tensorrt_llm_bls`": TritonClient,
    "Triton over HTTP": GenerateClient,
    "Triton, llmapi": TritonClient,
    "trtllm-serve": DiscoveredClient,
    "vLLM": DiscoveredClient,
    "SGLang": DiscoveredClient,
    "Dynamo": DiscoveredClient,
    "llama.cpp": DiscoveredClient,
    "LiteLLM": DiscoveredClient,
    "Triton's own OpenAI frontend": OpenAIClient,
}


@pytest.mark.parametrize("section", SHOWN)
async def test_configurations(section: str) -> None:
    """A copied block is valid settings, and what it makes is a client of the dialect in the heading above it."""
    (block,) = BLOCK.findall(SECTIONS[section])
    model = Settings.model_validate(tomllib.loads(block)).model
    client = connect(model.url, model.dialect, model.name)
    assert type(client) is SHOWN[section]
    await client.close()


def test_every_block_is_held() -> None:
    """A configuration elsewhere on the page would not be."""
    assert len(BLOCK.findall(PAGE)) == len(SHOWN)


@pytest.mark.parametrize("title", [server.title for server in SERVERS.values() if server.owner])
def test_every_server_has_a_line(title: str) -> None:
    """Whatever is in the table of servers is in the page's table of differences."""
    assert f"\n| {title} |" in SECTIONS["What differs"]
