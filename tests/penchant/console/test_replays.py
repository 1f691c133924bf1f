"""Replays from the console: what the command does, with progress, by right, and what one would change."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from penchant.operations.control import activity, throw
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from sandbox.servers.triton import TritonServer
from storage.keys import Keys
from storage.places import RedisPlaces
from storage.progress import RedisProgress
from tests.e2e.shop import events, send
from tests.kafka import Kafka
from tests.penchant.console.test_app import opened, post
from tests.penchant.console.world import WITHIN_S, settings, store

PLAN = {"begin": "earliest", "namespace": "again", "prompt_version": "v2"}


async def held(given: Settings, namespace: str, **offsets: int) -> None:
    """A replay that stopped there."""
    redis, live = given.redis.connect(), Keys(given.redis.namespace)
    try:
        await RedisPlaces(redis, live, WITHIN_S).note("namespace", [namespace])
        plan = {"prompt": "v2", "model": "m at h", "range": "shopper-events 2h to latest"}
        progress = RedisProgress(redis, live.of(namespace), WITHIN_S, plan)
        await progress.write({int(name[1:]): at for name, at in offsets.items()})
    finally:
        await redis.aclose()


@pytest.mark.redis
async def test_what_the_command_line_began_is_shown_and_compared(redis_server: RedisServer) -> None:
    """What each namespace holds; what one would change, with shoppers as examples and the prompts' difference."""
    given = settings(redis_server.url)
    namespace = f"{given.redis.namespace}-replay"
    await held(given, namespace, p0=7, p1=9)
    await store(given, "ada", ["Quiet kettle", "Loud kettle"])
    there = given.model_copy(update={"redis": replace(given.redis, namespace=namespace)})
    await store(there, "ada", ["Quiet kettle"])
    async with opened(given) as client:
        page = (await client.get("/replays")).text
        assert namespace in page
        assert "not at its end" in page
        shown = (await client.get("/replays/changes", params={"namespace": namespace})).text
        assert "Of 1 shopper with both intents" in shown
        assert "+++ v2" in shown
        none = await client.get("/replays/changes", params={"namespace": "nobody's<b>"})
        assert (none.status_code, "holds no replay" in none.text) == (400, True)


@pytest.mark.redis
@pytest.mark.parametrize("read_only", [True, False])
async def test_a_replay_is_refused_to_whoever_may_not_operate(redis_server: RedisServer, *, read_only: bool) -> None:
    """By the server, and no form is shown; a wrong figure, moment or prompt is refused to everybody."""
    given = settings(redis_server.url, console={"port": 0, "read_only": read_only})
    async with opened(given) as client:
        assert ("Start one" in (await client.get("/replays")).text) is not read_only
        for wrong in ({"per_server": "x"}, {"per_server": "65"}, {"begin": "noon"}, {"prompt_version": "v0"}):
            answer = await post(client, "/replays", do="start", why="test", **{**PLAN, **wrong})
            assert answer.status_code == (403 if read_only else 400), wrong
        if not read_only:
            assert (await post(client, "/replays", do="start", **PLAN)).status_code == 400
            live = await post(client, "/replays", do="start", live="yes", why="test", typed="wrong")
            assert (live.status_code, given.redis.namespace in live.text) == (400, True)
        assert await activity(given, 9) == []


@pytest.mark.kafka
@pytest.mark.redis
@pytest.mark.triton
async def test_a_replay_is_looked_at_started_held_and_goes_on(
    real_kafka: Kafka, redis_server: RedisServer, model_server: TritonServer
) -> None:
    """First how much would be read, by which command; with a reason it runs; held it says so; the same goes on to the
    end, into its own namespace, and stands in the log."""
    topic = await real_kafka.topic(1)
    kafka = {"bootstrap": real_kafka.bootstrap, "topic": topic, "erasure_topic": f"{topic}.erasures"}
    kafka |= {"group": uuid4().hex[:12], "dead_letter_topic": f"{topic}.dead"}
    given = settings(redis_server.url, kafka=kafka, model={"url": model_server.grpc_address})
    await send(real_kafka, topic, 1, events(2, 3))
    await throw(given, "share-replay", "0", "ada")
    async with opened(given) as client:
        looked = (await post(client, "/replays", **PLAN)).text
        assert "6 records of" in looked
        assert "penchant replay --from earliest --namespace again --prompt-version v2" in looked
        assert (await post(client, "/replays", do="start", why="a trial", **PLAN)).status_code == 303
        assert (await post(client, "/replays", do="start", why="too", **PLAN)).status_code == 409
        await said(client, "A replay runs")
        await post(client, "/replays", do="hold")
        await said(client, "A replay is held")
        await throw(given, "share-replay", "1", "ada")
        await post(client, "/replays", do="start", why="go on", **PLAN)
        page = await said(client, "A replay is done")
        assert "2 with an intent here" in page
        assert [(each.name, each.why) for each in await activity(given, 9) if each.kind == "replay"] == [
            ("again", "go on"), ("again", "a trial"),
        ]  # fmt: skip


async def said(client: httpx.AsyncClient, words: str) -> str:
    """The page, once it says so."""
    async with asyncio.timeout(60):
        while True:
            page = (await client.get("/replays")).text
            if words in page:
                return page
            await asyncio.sleep(0.1)
