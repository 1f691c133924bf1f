"""The console where an operator looks for what is wrong, and sends dead letters back: on a real Kafka and Redis."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from streams.records.dead_letters import DeadLetter
from tests.kafka import Kafka
from tests.penchant.console.test_app import opened, post
from tests.penchant.console.world import settings
from tests.penchant.operations.dead_letters.letters import send

pytestmark = [pytest.mark.redis, pytest.mark.kafka]

AT_MS = 1_700_000_000_000


async def refused(kafka: Kafka, redis: RedisServer, **sections: object) -> Settings:
    """Two letters wait: one that is an event now, and one that is none still."""
    events, dead = await kafka.topic(1, retention_ms=-1), await kafka.topic(1)
    values = (encode(ShopperEvent("e1", "ada", "view", AT_MS)), b"no json")
    letters = [DeadLetter(events, 0, at, b"ada", value, "schema", "", "", AT_MS) for at, value in enumerate(values)]
    await send(kafka.bootstrap, dead, letters)
    names = {"bootstrap": kafka.bootstrap, "topic": events, "dead_letter_topic": dead, "group": uuid4().hex[:12]}
    return settings(redis.url, kafka=names, **sections)


async def until_done(client: httpx.AsyncClient) -> str:
    """The page, once it says that letters went back."""
    async with asyncio.timeout(60):
        while "1 letters went back" not in (page := (await client.get("/dead-letters")).text):  # noqa: ASYNC110 - from outside
            await asyncio.sleep(0.1)
    return page


async def test_letters_go_back_after_a_look_and_with_a_reason(real_kafka: Kafka, redis_server: RedisServer) -> None:
    """First what would go back, which writes nothing; then, with a reason alone, the letters; a second time none."""
    given = await refused(real_kafka, redis_server)
    async with opened(given) as client:
        assert "2 refused records wait" in (await client.get("/dead-letters")).text
        looked = await post(client, "/dead-letters", reason="schema")
        assert "1 letters would go back" in looked.text
        assert "1 are still bad (json 1)" in looked.text
        assert (await post(client, "/dead-letters", do="redrive", reason="schema")).status_code == 400
        assert "2 refused records wait" in (await client.get("/dead-letters")).text
        await post(client, "/dead-letters", do="redrive", reason="schema", why="the schema is mended", letters="2")
        assert "by local" in await until_done(client)
        assert "1 refused records wait" in (await client.get("/dead-letters")).text
        assert "0 letters would go back, 1 had before" in (await post(client, "/dead-letters", reason="schema")).text


async def test_whoever_may_not_operate_sends_nothing_back(real_kafka: Kafka, redis_server: RedisServer) -> None:
    """Neither shown nor taken, and nobody is let past a console that is read-only."""
    given = await refused(real_kafka, redis_server, console={"port": 0, "read_only": True})
    async with opened(given) as client:
        assert "see what would go back" not in (await client.get("/dead-letters")).text
        assert (await post(client, "/dead-letters", do="redrive", why="x")).status_code == 403


async def test_the_doctor_says_what_the_command_does(real_kafka: Kafka, redis_server: RedisServer) -> None:
    """Each finding with its remedy; here there is no model server, and the topic is there."""
    given = await refused(real_kafka, redis_server, model={"url": "127.0.0.1:9"})
    async with opened(given) as client:
        client.timeout = 90
        page = (await client.get("/doctor")).text
    assert "something is to be looked at" in page
    assert "127.0.0.1:9" in page
    assert given.kafka.topic in page
