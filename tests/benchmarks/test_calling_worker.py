"""How many shoppers of a drained topic have a model's intent of their last event that asked."""

from uuid import uuid4

import pytest

from benchmarks.calling_worker import fresh
from sandbox.servers.redis import RedisServer
from storage.connection import connect
from storage.keys import Keys

pytestmark = pytest.mark.redis


async def test_a_models_intent_of_the_last_event_that_asked_is_fresh(redis_server: RedisServer) -> None:
    """One that knows later events is, too; one by rules, an earlier one and a missing one are not."""
    keys = Keys(f"calling-{uuid4().hex[:8]}")
    stored = {
        "at": ("model", "0:7:0"),
        "later": ("model", "0:8:0"),
        "earlier": ("model", "0:6:0"),
        "rules": ("rules", "0:7:0"),
        "unread": ("model", ""),
    }
    client = connect(redis_server.url)
    try:
        for shopper, (source, position) in stored.items():
            await client.hset(keys.intent(shopper), mapping={"source": source, "position": position})
        asked = dict.fromkeys([*stored, "missing"], 7)
        assert await fresh(client, keys, asked) == 2
        assert await fresh(client, keys, {}) == 0
    finally:
        await client.aclose()
