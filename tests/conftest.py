"""Fixtures that every test may use."""

import pytest
from hypothesis import settings

pytest_plugins = ["tests.lacks", "tests.shared", "tests.servers", "tests.kafka", "tests.moto"]

# An example that takes long on a busy machine is no failure. All else is as Hypothesis has it, in CI too.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Faust, aiokafka and tritonclient are asyncio only."""
    return "asyncio"
