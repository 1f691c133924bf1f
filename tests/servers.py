"""Real servers for the tests, started once a session on free loopback ports and always stopped.

A test that kills or restarts a server starts one of its own.
"""

from collections.abc import AsyncIterator

import pytest

from sandbox.servers import triton
from sandbox.servers.kafka import MockKafka
from sandbox.servers.redis import RedisServer
from sandbox.servers.triton import TritonServer

ECHO = "tests.servers:echo"


def echo(prompt: str) -> str:
    """A model that answers with its prompt."""
    return prompt


@pytest.fixture(scope="session")
async def redis_server(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    """A redis-server without persistence (`.url`, `.address`); others share it, so use keys of your own."""
    async with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
async def mock_kafka(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MockKafka]:
    """A mock Kafka broker (`.address`, `.create_topic`); others share it, so use topics and groups of your own."""
    async with MockKafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture(scope="session")
async def triton_server(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TritonServer]:
    """A tritonserver whose `ensemble` answers with the prompt after a tenth of a second or so."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    async with TritonServer(tmp_path_factory.mktemp("triton"), answer=ECHO) as server:
        yield server
