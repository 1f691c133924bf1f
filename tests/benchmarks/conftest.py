"""What benches in real time need."""

import pytest

from sandbox.servers import triton
from sandbox.servers.apache import resolve_classpath
from streams.errors import PlatformLacks
from tests.kafka import SKIPPED


@pytest.fixture
def needs_real_servers() -> None:
    """A tritonserver, and a JDK for Kafka; without them the test is skipped."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    try:
        resolve_classpath()
    except PlatformLacks as lack:
        pytest.skip(f"{SKIPPED}{lack}")
