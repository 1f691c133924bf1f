"""What the console's tests share."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.penchant.console.browsers import launched


@pytest.fixture(scope="module")
async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
    """One for all tests of a file."""
    async with launched() as running:
        yield running
