"""Dialects: every way to call a model, on servers before simulated GPUs that are slow enough to leave the CPU free."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from clients.calls import ModelClient
from clients.dialects.generate import GenerateClient
from clients.dialects.openai import OpenAIClient
from clients.dialects.triton import TritonClient
from penchant.offline.facts import versions
from sandbox.gpu.timing import Timing
from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN
from sandbox.servers.openai import OpenAIServer
from sandbox.servers.triton import TritonServer

TOKENS = 50
"""In an answer, which is about what ours take."""

PACKAGES = ("grpcio", "httptools", "orjson", "pydantic")
MOST = 512
CONNECTIONS = 512
TEXT = "every answer of this benchmark takes the same time "


def answer(_: str) -> str:
    """The same for every prompt."""
    length = TOKENS * CHARACTERS_PER_TOKEN
    return (TEXT * (length // len(TEXT) + 1))[:length]


@dataclass(frozen=True, slots=True)
class Stage:
    """Servers that take `model_ms` for every answer, however many there are."""

    triton: TritonServer
    openai: OpenAIServer

    def makers(self) -> Mapping[str, Callable[[], ModelClient]]:
        """How to make a client, by dialect."""
        grpc, http, api = self.triton.grpc_address, self.triton.http_url, self.openai.url
        return {
            "triton": lambda: TritonClient(grpc, "ensemble"),
            "triton-llmapi": lambda: TritonClient(grpc, "tensorrt_llm"),
            "triton-http": lambda: GenerateClient(http, "ensemble", max_connections=CONNECTIONS),
            "openai": lambda: OpenAIClient(api, max_connections=CONNECTIONS),
            "openai-completions": lambda: OpenAIClient(api, api="completions", max_connections=CONNECTIONS),
        }

    def versions(self) -> dict[str, str]:
        """What the servers really are, and with what they are called."""
        named = {"tritonserver": self.triton.describe(), "openai": self.openai.describe()}
        return versions(PACKAGES) | named

    async def running(self) -> dict[str, int]:
        """Calls that each simulated GPU still has, by the servers' own counts."""
        async with httpx.AsyncClient(trust_env=False) as client:
            triton = (await client.get(self.triton.metrics_url)).text
            openai = (await client.get(self.openai.metrics_url)).text
        active = {
            model: _figure(triton, f'nv_trt_llm_request_metrics{{model="{model}",request_type="active",version="1"}}')
            for model in ("ensemble", "tensorrt_llm")
        }
        opened, closed = (_figure(openai, f"penchant_simulated_requests_{name}_total") for name in ("opened", "closed"))
        return {**active, "openai": opened - closed}


@asynccontextmanager
async def stage(folder: Path, model_ms: float) -> AsyncIterator[Stage]:
    """Started, and stopped with the block."""
    timing = Timing(steady_ms_per_token=model_ms / TOKENS, max_batch=MOST, max_waiting=MOST)
    name = f"{answer.__module__}:{answer.__name__}"
    async with (
        TritonServer(folder, timing=timing, answer=name, models=("ensemble", "tensorrt_llm")) as triton,
        OpenAIServer(folder, timing=timing, answer=name) as openai,
    ):
        yield Stage(triton, openai)


def _figure(text: str, name: str) -> int:
    found = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(name)]
    return int(float(found[0])) if found else 0
