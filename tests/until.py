"""Waiting for something that others bring about."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], object], within_s: float = 60.0) -> None:
    """Wait until something holds; fails when it does not in time, which is long, for a busy machine."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - tests look from outside
            await asyncio.sleep(0.001)
