"""What a call costs a worker, in its smallest form."""

import pytest

from benchmarks.worker_call import measure
from sandbox.servers.redis import RedisServer
from storage.connection import connect

pytestmark = pytest.mark.redis


async def test_a_round_serves_every_shopper(redis_server: RedisServer) -> None:
    """It ends when each has an intent, and took some time."""
    client = connect(redis_server.url)
    try:
        assert await measure(client, 20) > 0
    finally:
        await client.aclose()
