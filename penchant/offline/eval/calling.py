"""Calling: one call, as often as it takes: an eval has time, but is worth nothing without its answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import structs
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from clients.calls import Call, Completion, ModelClient
from clients.limits.adaptive_limit import AdaptiveLimit, LimitRules
from clients.limits.call_deadline import CallDeadline
from clients.pools.limiter import Limiter
from streams.errors import DeadlinePassed, ModelUnavailable

T = TypeVar("T")

AT_ONCE = 64
"""The most calls that run at once."""

WITHIN_S, LONGEST_S = 60.0, 600.0
IN_LINE_S = 86_400.0
TRIES = 6


class Caller:
    """Makes calls at the concurrency that the server takes, which is found out; a slow one is waited for longer."""

    def __init__(self, client: ModelClient) -> None:
        self._client = client
        self._limiter = Limiter(AdaptiveLimit(LimitRules(initial=4, most=AT_ONCE)))
        self._deadline = CallDeadline(WITHIN_S, LONGEST_S)

    async def complete(self, call: Call) -> tuple[Completion, float]:
        """The answer, and the milliseconds that its call took; it is tried six times. ModelUnavailable,
        DeadlinePassed."""
        return await _tried(lambda: self._once(call))

    async def _once(self, call: Call) -> tuple[Completion, float]:
        async with self._limiter.slot(structs.replace(call, deadline_s=_now() + IN_LINE_S)) as slot:
            began_s = _now()
            try:
                completion = await slot.ask(
                    self._client, structs.replace(call, deadline_s=began_s + self._deadline.seconds)
                )
            except DeadlinePassed:
                self._deadline.late(began_s, self._limiter.in_flight.total())
                raise
        self._deadline.answered(_now(), _now() - began_s)
        return completion, round((_now() - began_s) * 1e3, 1)


async def complete(client: ModelClient, call: Call, within_s: float = WITHIN_S, tries: int = TRIES) -> Completion:
    """The answer of a client that has limits of its own; `call` gets a deadline so long from now, and again at each of
    its tries. ModelUnavailable, DeadlinePassed."""
    return await _tried(lambda: client.complete(structs.replace(call, deadline_s=_now() + within_s)), tries)


async def _tried(once: Callable[[], Awaitable[T]], most: int = TRIES) -> T:
    tries = AsyncRetrying(
        retry=retry_if_exception_type((ModelUnavailable, DeadlinePassed)),
        stop=stop_after_attempt(most),
        wait=wait_random_exponential(multiplier=0.2, max=5.0),
        reraise=True,
    )
    async for attempt in tries:
        with attempt:
            return await once()
    raise AssertionError("the last try raises")


def first(group: BaseExceptionGroup[Exception]) -> BaseException:
    """The first error of a group, however deep."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _now() -> float:
    return asyncio.get_running_loop().time()
