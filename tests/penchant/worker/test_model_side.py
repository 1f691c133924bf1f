"""What is asked, as the settings say: with what the shop says of its products, or without."""

from itertools import count

import pytest
from msgspec import structs

from agents.worker.checkpoints import Checkpoint
from clients.calls import Sampling
from penchant.settings.root import Settings
from penchant.worker.model_side import ModelSide, knowledge_of, model_client, pools, reasoning_of
from prompts.tokens import estimate
from sandbox.servers.redis import RedisServer
from storage.checkpoints import Context
from storage.connection import connect
from storage.findings import RedisFindings
from storage.keys import Keys
from streams.errors import SettingInvalid
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from tests.clients.asking import ask
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.scripted_calls import Turn
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, shopper

SESSION = shopper(("view", KETTLE), ("view", OTHER_KETTLE))
CHECKPOINT = Checkpoint(Context("ada", Position(0, 2), 0, "w:1", dump(SESSION)), SESSION.last_ms)
NUMBERS = count()


def settings(version: str = "v2", **knowledge: object) -> Settings:
    """With a namespace of its own: the server is shared."""
    named = {"namespace": f"model-side-{next(NUMBERS)}"}
    return Settings.model_validate({"prompt": {"version": version}, "knowledge": knowledge, "redis": named})


@pytest.mark.redis
async def test_what_the_shop_says_reaches_the_prompt(redis_server: RedisServer) -> None:
    """From its key in Redis into the call, and the answer is read against the same prompt."""
    wanted = settings(enabled=True, timeout_ms=1_000.0)
    async with connect(redis_server.url) as client:
        await client.set(Keys(wanted.redis.namespace).knowledge("sku-1"), "1.7 l, \u202equiet <b>")
        knowledge = knowledge_of(wanted, client)
        assert knowledge is not None
        reasoning = reasoning_of(wanted, estimate, knowledge.line)("v2", Sampling())
        assert "1.7 l" not in reasoning.ask(SESSION, CHECKPOINT).call(1.0).prompt
        await knowledge.learn(SESSION)
        assert '89 EUR\np1: "1.7 l, quiet \u2039b>"\n#2 ' in reasoning.ask(SESSION, CHECKPOINT).call(1.0).prompt


def test_it_is_off_unless_asked_for() -> None:
    """Nothing is read then, and prompts have no such lines."""
    client = connect("redis://localhost:1")
    assert knowledge_of(settings(), client) is None
    prompt = reasoning_of(settings(), estimate)("v2", Sampling()).ask(SESSION, CHECKPOINT).call(1.0).prompt
    assert "\np1:" not in prompt.rpartition("\nShopper\n")[2]


def test_a_version_that_does_not_explain_it_stops_the_start() -> None:
    """The remedy names the other version."""
    with pytest.raises(SettingInvalid, match="v2"):
        reasoning_of(settings("v1"), estimate, lambda _: "")("v1", Sampling())


async def test_sessions_by_the_settings() -> None:
    """Workers of one namespace name a shopper's session alike, those of another do not, unless a key says so."""
    server = OpenAIServer()
    await server.start()

    async def session(namespace: str, **model: str) -> str:
        pool = {"name": "p", "endpoints": [{"url": server.url}]}
        values = {"redis": {"namespace": namespace}, "model": model, "pools": [pool]}
        wanted = Settings.model_validate(values)
        client = model_client(pools(wanted)[0].endpoints[0], wanted.redis.namespace)
        await client.complete(structs.replace(ask(Turn()), shopper="ada", prompt_version="v1"))
        await client.close()
        return server.headers[-1]["X-Session-Id"]

    assert await session("a") == await session("a") != await session("b")
    assert await session("a", session_key="k") == await session("b", session_key="k") != await session("a")
    await server.stop()


@pytest.mark.redis
async def test_workers_of_a_fleet_ask_a_server_once(redis_server: RedisServer) -> None:
    """Whoever begins first asks whether its model is there; the others hear it through Redis."""
    server = OpenAIServer()
    await server.start()
    wanted = Settings.model_validate(
        {"model": {"url": server.url, "dialect": "openai"}, "redis": {"namespace": f"model-side-{next(NUMBERS)}"}}
    )
    async with connect(redis_server.url) as client:
        findings = RedisFindings(client, Keys(wanted.redis.namespace), 5.0)
        alone, *workers = [ModelSide(wanted, None, None, told).everybody() for told in (None, findings, findings)]
        await alone.begin()
        asked = len(server.paths)
        for each in workers:
            await each.begin()
        assert {each.found for each in workers} == {alone.found}
        assert len(server.paths) == 2 * asked
        for each in (alone, *workers):
            await each.close()
    await server.stop()
