"""Real servers for the tests, started once a session on free loopback ports and always stopped.

A test that kills or restarts a server starts one of its own.
"""

from collections.abc import AsyncIterator

import pytest

from penchant.embedded.redis import RedisServer


@pytest.fixture(scope="session")
async def redis_server(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    """A redis-server without persistence (`.url`, `.address`); others share it, so use keys of your own."""
    async with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server
