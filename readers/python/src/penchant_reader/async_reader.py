"""The reader for asyncio."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from penchant_reader.async_nodes import AsyncNode, AsyncNodes
from penchant_reader.cache import Cache
from penchant_reader.circuit import OPEN_FIRST_S, Circuit
from penchant_reader.intent import ReadIntent
from penchant_reader.reading import Reading
from penchant_reader.slots import Address
from penchant_reader.urls import options_of, seed_of


class AsyncIntentReader:
    """Reads intents; one for an event loop, shared by its tasks. `async with` closes it.

    All is as with IntentReader. Cancelling a call cancels it, as ever.
    """

    def __init__(
        self, url: str, *, timeout_s: float = 0.02, namespace: str = "penchant", strict: bool = False,
        cluster: bool = False, circuit_s: float = 2.0, cache_entries: int = 0, cache_s: float = 1.0,
    ) -> None:  # fmt: skip
        options = options_of(parse_url(url), cluster=cluster)
        ours = {"socket_timeout": None, "socket_connect_timeout": None, "retry": Retry(NoBackoff(), 0), "protocol": 2}

        def node(**address: Any) -> AsyncNode:
            pool = ConnectionPool(**{**options, **address, **ours})
            return AsyncNode(pool, Circuit(max(OPEN_FIRST_S, timeout_s), circuit_s))

        def member(address: Address) -> AsyncNode:
            return node(host=address.host, port=address.port)

        self._servers = AsyncNodes(seed_of(options), member) if cluster else node()
        self._timeout_s = timeout_s
        self._reading = Reading(namespace, Cache(cache_entries, cache_s), strict=strict)

    @property
    def failures(self) -> Counter[str]:
        """What was swallowed so far: how often, by the name of the error. A call counts each of its errors once."""
        return self._reading.failures

    async def get(self, shopper: str) -> ReadIntent:
        """One shopper's intent."""
        return (await self.get_many([shopper]))[0]

    async def get_many(self, shoppers: Sequence[str]) -> list[ReadIntent]:
        """The intents of many, in the order given, in one round trip; on a cluster, one to each node."""
        call = self._reading.begin(shoppers)
        if not call.asks:
            return call.end([])
        ends_s = asyncio.get_running_loop().time() + self._timeout_s
        return call.end(await self._servers.ask(call.asks, ends_s))

    async def close(self) -> None:
        """Close the connections."""
        await self._servers.close()

    async def __aenter__(self) -> "AsyncIntentReader":  # noqa: PYI034 (typing.Self came with 3.11)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
