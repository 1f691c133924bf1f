"""LiteLLM's proxy before a simulated server: discovery, guidance, figures, overload, cancellation, restart."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import pytest
from msgspec import structs

from benchmarks.environments import Environment
from benchmarks.routing.peers import OpenAIPeer, models
from sandbox.gpu.timing import LIGHT, Timing
from sandbox.servers.openai import OpenAIServer
from sandbox.servers.server import LOOPBACK
from streams.errors import ModelOverloaded
from tests.clients.asking import eventually
from tests.fakes.echo import ECHO
from tests.peers.calling import TEXT, answered, call_of, client_of, counted, said_again

SLOW = replace(LIGHT, decode_ms_per_sequence=500, max_batch=1, max_waiting=0)
KEY = f"sk-{token_hex(32)}"
SCHEMA = '{"type":"object","properties":{"m":{"type":"string"}},"required":["m"],"additionalProperties":false}'


class LiteLLM(OpenAIPeer):
    """Its proxy with one deployment of ours, and one beside it that is dead."""

    name = "litellm"
    environment_of = Environment("litellm")

    def __init__(self, run_folder: Path, url: str) -> None:
        super().__init__(run_folder)
        self._url = url

    def command(self) -> Sequence[str]:
        """With a configuration that names the deployments."""
        deployments = [
            {"model_name": name, "litellm_params": {"model": "openai/simulated", "api_base": url, "api_key": "none"}}
            for name, url in (("ours", self._url), ("dead", f"http://{LOOPBACK}:9/v1"))
        ]
        config = self.run_folder / "litellm.yaml"
        settings = {"general_settings": {"master_key": KEY}, "litellm_settings": {"num_retries": 0}}
        config.write_text(json.dumps({"model_list": deployments, **settings}))
        where = ("--host", LOOPBACK, "--port", str(self.ports[0]))
        return [str(self.environment_of.program("litellm")), *where, "--config", str(config)]

    async def healthy(self) -> bool:
        """It lists its models to whoever has the key."""
        return bool(await models(self.url, {"Authorization": f"Bearer {KEY}"}))


@asynccontextmanager
async def site(folder: Path, timing: Timing = LIGHT) -> AsyncIterator[tuple[LiteLLM, OpenAIServer]]:
    """A proxy before an engine."""
    async with OpenAIServer(folder, timing=timing, answer=ECHO) as engine, LiteLLM(folder, engine.url) as proxy:
        yield proxy, engine


async def test_figures_and_guidance(tmp_path: Path) -> None:
    """It is found by its kind; a schema is taken, tokens are counted, and the dead deployment is asked for nothing."""
    async with site(tmp_path) as (proxy, _), client_of(proxy.url, "litellm", KEY) as client:
        assert "LiteLLM" in await client.probe()
        guided = structs.replace(call_of("s", TEXT), json_schema=SCHEMA)
        assert (await client.complete(guided)).output_tokens
        again = await said_again(client)
    assert all((each.cached_tokens or 0) >= 0.8 * (each.input_tokens or 0) > 0 for each in again)


async def test_overload_and_cancellation(tmp_path: Path) -> None:
    """A full engine asks for less through it; what is abandoned ends behind it."""
    async with site(tmp_path, SLOW) as (proxy, engine), client_of(proxy.url, "litellm", KEY) as client:
        running = asyncio.create_task(client.complete(call_of("s", TEXT)))
        await eventually(lambda: counted([engine], "opened"), lambda opened: opened == 1)
        with pytest.raises(ModelOverloaded):
            await client.complete(call_of("s", TEXT))
        running.cancel()
        await asyncio.wait([running])
        await eventually(lambda: counted([engine], "cancelled"), lambda cancelled: cancelled == 1)


async def test_restart(tmp_path: Path) -> None:
    """The engine, then the proxy."""
    async with site(tmp_path) as (proxy, engine), client_of(proxy.url, "litellm", KEY) as client:
        await answered(client)
        for server in (engine, proxy):
            await server.restart()
            await answered(client)
