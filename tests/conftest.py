"""Fixtures that every test may use."""

import pytest

pytest_plugins = ["tests.servers", "tests.kafka"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Faust, aiokafka and tritonclient are asyncio only."""
    return "asyncio"
