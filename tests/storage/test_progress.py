"""Progress: a namespace says which replay it holds, how far that came, and gives up nothing but its own."""

from uuid import uuid4

import pytest

from sandbox.servers.redis import RedisServer
from storage.connection import connect
from storage.keys import Keys
from storage.progress import HeldReplay, RedisProgress

PLAN = {"prompt": "v1", "range": "earliest to latest"}


@pytest.mark.redis
async def test_what_is_held_is_told_until_it_is_cleared(redis_server: RedisServer) -> None:
    """Plan, offsets and whether it is done; clearing deletes the shoppers of this namespace, and nothing of one whose
    name begins with its name."""
    name = f"replay-{uuid4().hex[:8]}"
    client = connect(redis_server.url)
    keys, beside = Keys(name), (f"{name}-other:{{ada}}:intent", f"{name}:live:{{ada}}:intent")
    progress = RedisProgress(client, keys, 5.0, PLAN)
    try:
        assert await progress.read() is None
        await progress.write({0: 7, 3: 12})
        assert await progress.read() == HeldReplay(PLAN, {0: 7, 3: 12}, is_done=False)
        await progress.write({0: 9}, done=True)
        assert await progress.read() == HeldReplay(PLAN, {0: 9, 3: 12}, is_done=True)
        for key in (keys.intent("ada"), keys.context("bob"), *beside):
            await client.hset(key, "field", "value")
        await progress.clear()
        assert [await client.exists(key) for key in (keys.intent("ada"), keys.context("bob"), keys.replay)] == [0, 0, 0]
        assert await client.exists(*beside) == 2
    finally:
        await client.delete(*beside)
        await client.aclose()
