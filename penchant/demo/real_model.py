"""Real model: a language model's server beside the demonstration, and the pace that it holds on this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from math import ceil

from msgspec import structs

from clients.calls import Call
from clients.dialects.discovery import connect
from clients.pools.endpoints import Endpoint
from penchant.demo.stage import DemoPlan
from penchant.settings.root import Settings
from prompts.render import PromptRenderer
from sandbox.servers import triton
from sandbox.servers.llama import LlamaServer
from sandbox.servers.real_triton import RealTritonServer
from streams.sessions.session import Session

PACING_S = 300.0
"""How long the two calls may take that set the pace, on a machine that does much else."""

BUSY = 0.5
"""The share of its time that the model is to work."""

EVENT_EVERY_S = 20.0
"""How long a shopper takes from one event to the next."""


@asynccontextmanager
async def with_real_model(plan: DemoPlan, say: Callable[[str], None]) -> AsyncIterator[DemoPlan]:
    """The plan with the URL of the model that it asks for, and shoppers and rate where it names none: one call is timed
    first. The server stops with the block: tritonserver with the model inside, or llama.cpp's own where there can be
    none. PlatformLacks when neither can run here."""
    if plan.gguf is None:
        yield plan
        return
    kind = LlamaServer if triton.missing() else RealTritonServer
    async with kind(plan.run_folder, plan.gguf) as server:
        call_s = await _timed(server.url, plan.prompt)
        rate = plan.rate or BUSY / call_s
        shoppers = plan.shoppers or ceil(rate * EVENT_EVERY_S)
        say(f"{server.describe()}: one call took {call_s:.1f} s; shoppers: {shoppers}, events a second: {rate:.2f}")
        yield replace(
            plan,
            model=Endpoint(url=server.url),
            shoppers=shoppers,
            rate=rate,
            call_s=call_s,
            model_name=server.describe(),
        )


async def _timed(url: str, version: str) -> float:
    """Seconds of one call whose prompt's fixed part is cached, as it is for nearly all; of an unknown shopper."""
    settings, now = Settings(), asyncio.get_running_loop().time
    prompt = PromptRenderer(version or settings.prompt.version, settings.prompts, settings.prompt).render(Session())
    client = connect(url)
    first = Call("first", prompt.text, now() + PACING_S, 1)
    call = structs.replace(
        first, id="timed", max_tokens=prompt.max_tokens, stop=prompt.stop, json_schema=prompt.json_schema
    )
    try:
        await client.complete(first)
        began_s = now()
        await client.complete(call)
        return now() - began_s
    finally:
        await client.close()
