"""Calling: one call, as often as it takes: an eval has time, but is worth nothing without its answers."""

import asyncio
from dataclasses import replace

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from clients.calls import Call, Completion, ModelClient
from streams.errors import DeadlinePassed, ModelUnavailable

WITHIN_S = 60.0
TRIES = 6


async def complete(client: ModelClient, call: Call) -> Completion:
    """The answer; `call` gets a deadline a minute from now, and again at each of six tries. ModelUnavailable,
    DeadlinePassed."""
    tries = AsyncRetrying(
        retry=retry_if_exception_type((ModelUnavailable, DeadlinePassed)),
        stop=stop_after_attempt(TRIES),
        wait=wait_random_exponential(multiplier=0.2, max=5.0),
        reraise=True,
    )
    async for attempt in tries:
        with attempt:
            return await client.complete(replace(call, deadline_s=asyncio.get_running_loop().time() + WITHIN_S))
    raise AssertionError("the last try raises")


def first(group: BaseExceptionGroup[Exception]) -> BaseException:
    """The first error of a group, however deep."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
