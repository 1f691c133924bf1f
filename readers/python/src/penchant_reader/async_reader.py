"""The reader for asyncio."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from penchant_reader.intent import ReadIntent
from penchant_reader.reading import Reading

if sys.version_info >= (3, 11):
    from asyncio import timeout
else:
    from async_timeout import timeout  # which redis itself needs there


class AsyncIntentReader:
    """Reads intents; one for an event loop, shared by its tasks. `async with` closes it.

    All is as with IntentReader. Cancelling a call cancels it, as ever.
    """

    def __init__(self, url: str, *, timeout_s: float = 0.02, namespace: str = "penchant", strict: bool = False) -> None:
        retry = Retry(NoBackoff(), 0)
        self._client = Redis.from_url(url, socket_timeout=None, socket_connect_timeout=None, retry=retry, protocol=2)
        self._timeout_s = timeout_s
        self._reading = Reading(namespace, strict=strict)

    @property
    def failures(self) -> Counter[str]:
        """What was swallowed so far: how often, by the name of the error."""
        return self._reading.failures

    async def get(self, shopper: str) -> ReadIntent:
        """One shopper's intent."""
        return (await self.get_many([shopper]))[0]

    async def get_many(self, shoppers: Sequence[str]) -> list[ReadIntent]:
        """The intents of many, in the order given, in one round trip."""
        try:
            async with timeout(self._timeout_s):
                pipe = self._client.pipeline(transaction=False)
                for shopper in shoppers:
                    pipe.execute_command(*self._reading.command(shopper))
                replies = await pipe.execute(raise_on_error=False)
        except (RedisError, OSError, UnicodeError, asyncio.TimeoutError) as error:
            return self._reading.nothing(shoppers, error)
        return self._reading.intents(shoppers, replies, time.time_ns() // 1_000_000)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.connection_pool.disconnect()

    async def __aenter__(self) -> "AsyncIntentReader":  # noqa: PYI034 (typing.Self came with 3.11)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
