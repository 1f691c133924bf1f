"""The stores that the tests of this folder are held against."""

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from penchant.embedded.redis import RedisServer
from storage.connection import connect
from tests.storage.sides import MemorySide, RedisSide, Side


@pytest.fixture(scope="session")
def namespaces() -> Iterator[str]:
    """Namespaces that nobody else uses: the server is shared."""
    return (f"storage-{number}" for number in itertools.count())


@pytest.fixture(scope="session")
async def client(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """A client of the shared server."""
    async with connect(redis_server.url) as client:
        yield client


@pytest.fixture
def redis_side(client: Redis, namespaces: Iterator[str]) -> RedisSide:
    """A store in the shared server, in a namespace of its own."""
    return RedisSide(client, next(namespaces))


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def side(request: pytest.FixtureRequest) -> Side:
    """Each store in turn."""
    redis_side: RedisSide
    if request.param == "memory":
        return MemorySide()
    redis_side = request.getfixturevalue("redis_side")
    return redis_side
