"""A namespace to serve from."""

from uuid import uuid4

import pytest

from penchant.settings.operation import Serve
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from storage.cards import RedisCards
from storage.connection import connect
from storage.keys import Keys
from storage.redis_rules import RedisRules
from streams.sessions.packing import dump
from tests.agents.match.intents import KETTLE, SHOES, of_session
from tests.prompts import shoppers


@pytest.fixture
async def settings(redis_server: RedisServer) -> Settings:
    """A namespace in which ada looked at a kettle, and two products have cards."""
    keys = Keys(f"serve-{uuid4().hex[:12]}")
    session = shoppers.shopper(("view", shoppers.OTHER_KETTLE), ("view", shoppers.KETTLE))
    async with connect(redis_server.url) as redis:
        await RedisCards(redis, keys, 5.0).write({"sku-1": KETTLE, "sku-5": SHOES})
        await redis.hset(keys.intent("ada"), "doc", of_session(session).dump())
        await redis.hset(keys.context("ada"), "session", dump(session))
    rules = RedisRules(url=redis_server.url, namespace=keys.namespace)
    return Settings(redis=rules, serve=Serve(port=0, deadline_ms=10_000.0))
