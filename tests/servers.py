"""Real servers for the tests, on free loopback ports and always stopped.

A test that kills or restarts a server starts one of its own.
"""

from collections.abc import AsyncIterator

import pytest

from sandbox.servers import triton
from sandbox.servers.kafka import MockKafka
from sandbox.servers.redis import RedisServer
from sandbox.servers.triton import TritonServer
from tests.shared import Share


@pytest.fixture(scope="session")
def redis_server(share: Share) -> RedisServer:
    """The run's redis-server without persistence (`.url`, `.address`); all tests share it, so use keys of your own."""
    server: RedisServer = share("redis")
    return server


@pytest.fixture(scope="session")
async def mock_kafka(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MockKafka]:
    """A mock Kafka broker (`.address`, `.create_topic`) of this process, which alone can make topics on it."""
    async with MockKafka(tmp_path_factory.mktemp("mock")) as server:
        yield server


@pytest.fixture(scope="session")
def needs_triton() -> None:
    """Without a tritonserver the test is skipped."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")


@pytest.fixture(scope="session")
def triton_server(needs_triton: None, share: Share) -> TritonServer:
    """The run's tritonserver whose `ensemble` answers with the prompt after a tenth of a second or so."""
    server: TritonServer = share("triton-echo")
    return server


@pytest.fixture(scope="session")
def model_server(needs_triton: None, share: Share) -> TritonServer:
    """The run's tritonserver before the simulated GPU, whose answers come from the rules."""
    server: TritonServer = share("triton-rules")
    return server
