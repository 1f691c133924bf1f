"""Calls through peers, as a worker's client makes them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from clients.calls import Call, Completion
from clients.dialects.access import ANYBODY
from clients.dialects.openai import OpenAIClient
from clients.dialects.servers import ServerName
from sandbox.servers.openai import OpenAIServer
from streams.errors import ModelUnavailable
from tests.clients.keys import keyed

KEY = b"a key of its own"
TEXT = "what does this shopper want? "
SHOPPERS = [f"s-{number}" for number in range(12)]


@asynccontextmanager
async def client_of(
    url: str, server: ServerName | None = None, api_key: str | None = None
) -> AsyncIterator[OpenAIClient]:
    """A client with a session key, closed at the end."""
    access = keyed(api_key) if api_key else ANYBODY
    client = OpenAIClient(url, access=access, server=server, session_key=KEY)
    yield client
    await client.close()


def call_of(shopper: str, prompt: str, *, max_tokens: int = 8, within_s: float = 60.0) -> Call:
    """One call for a shopper."""
    deadline_s = asyncio.get_running_loop().time() + within_s
    return Call(f"call-{shopper}", prompt, deadline_s, max_tokens, shopper=shopper, prompt_version="v1")


async def said_again(client: OpenAIClient) -> list[Completion]:
    """The second answers to shoppers who ask the same twice."""
    prompts = {shopper: f"{shopper} {TEXT * 60}" for shopper in SHOPPERS}
    for _ in range(2):
        calls = (client.complete(call_of(shopper, prompt)) for shopper, prompt in prompts.items())
        answers = await asyncio.gather(*calls)
    return list(answers)


async def answered(client: OpenAIClient, within_s: float = 60.0) -> Completion:
    """The first answer there is, however often it has to be asked for."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                return await client.complete(call_of("s", TEXT))
            except ModelUnavailable:
                await asyncio.sleep(0.5)


async def counted(engines: Sequence[OpenAIServer], name: str) -> int:
    """What the engines count, together: `opened`, `closed` or `cancelled`."""
    total = 0
    async with httpx.AsyncClient(trust_env=False) as http:
        for engine in engines:
            lines = (await http.get(engine.metrics_url)).text.split("\n")
            total += sum(int(line.split()[1]) for line in lines if f"_{name}_" in line)
    return total
