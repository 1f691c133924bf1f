"""The stores that the tests of this folder are held against."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from sandbox.servers.redis import RedisServer, redis_servers
from storage.connection import Client, connect
from tests.redis_cluster import RedisCluster
from tests.storage.sides import MemorySide, RedisSide, Side
from tests.valkey import ORIGIN as VALKEY
from tests.valkey import valkey_server

BINARIES = {binary.origin: binary for binary in redis_servers()}
KINDS = [
    "redis",
    *(f"redis, {origin}" for origin in list(BINARIES)[1:]),
    *(f"cluster, {origin}" for origin in BINARIES),
    *(f"{form}, {VALKEY}" for form in ("redis", "cluster")),
]
"""The shared server, one of each other version that is here, and a cluster of each version; and both of Valkey."""


@pytest.fixture(scope="session")
def namespaces() -> Iterator[str]:
    """Namespaces that nobody else uses: the server is shared."""
    return iter(lambda: f"storage-{uuid4().hex[:12]}", "")


class Clients:
    """Clients by kind, of servers that are started when the first test needs them."""

    def __init__(self, shared: RedisServer, folder: Path, stack: AsyncExitStack) -> None:
        self._shared, self._folder, self._stack = shared, folder, stack
        self._made: dict[str, Client] = {}

    async def of(self, kind: str) -> Client:
        """A client of this kind."""
        if kind not in self._made:
            made = connect(await self._start(kind), cluster=kind.startswith("cluster"))
            self._made[kind] = await self._stack.enter_async_context(made)
        return self._made[kind]

    async def _start(self, kind: str) -> str:
        if kind == "redis":
            return self._shared.url
        form, _, origin = kind.partition(", ")
        folder = self._folder / kind.replace(", ", "-").replace(" ", "-")
        binary = valkey_server() if origin == VALKEY else BINARIES[origin]
        server = RedisCluster(folder, binary) if form == "cluster" else RedisServer(folder, binary=binary)
        await self._stack.enter_async_context(server)
        return server.url


@pytest.fixture(scope="session")
async def clients(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clients]:
    """Clients of every kind."""
    async with AsyncExitStack() as stack:
        yield Clients(redis_server, tmp_path_factory.mktemp("kinds-of-redis"), stack)


@pytest.fixture(scope="session")
async def client(clients: Clients) -> Client:
    """A client of the shared server."""
    return await clients.of("redis")


@pytest.fixture
def redis_side(client: Client, namespaces: Iterator[str]) -> RedisSide:
    """A store in the shared server, in a namespace of its own."""
    return RedisSide(client, next(namespaces))


def marks(kind: str) -> list[pytest.MarkDecorator]:
    """All but the shared server is for make test-slow."""
    return [pytest.mark.redis] if kind == "redis" else [pytest.mark.redis, pytest.mark.slow]


EACH_KIND = [pytest.param(kind, marks=marks(kind)) for kind in KINDS]


@pytest.fixture(params=["memory", *EACH_KIND])
async def side(request: pytest.FixtureRequest, clients: Clients, namespaces: Iterator[str]) -> Side:
    """Each store in turn."""
    if request.param == "memory":
        return MemorySide()
    return RedisSide(await clients.of(request.param), next(namespaces))
