"""The reader for asyncio."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

from redis.asyncio import Connection, ConnectionPool
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from penchant_reader import arguments
from penchant_reader.async_nodes import AsyncNode, AsyncNodes
from penchant_reader.cache import Cache
from penchant_reader.circuit import OPEN_FIRST_S, Circuits
from penchant_reader.fields import ALL, HOT
from penchant_reader.freshness import Freshness
from penchant_reader.ids import Id
from penchant_reader.intent import ReadIntent
from penchant_reader.reading import Reading, query
from penchant_reader.slots import Address, seed


class AsyncIntentReader:
    """Reads intents; one for an event loop, shared by its tasks. `async with` closes it.

    All is as with IntentReader. Cancelling a call cancels it, as ever.
    """

    def __init__(
        self, url: str, *, timeout_s: float = 0.02, namespace: str = "penchant", strict: bool = False,
        cluster: bool = False, circuit_s: float = 2.0, cache_entries: int = 0, cache_s: float = 1.0,
        freshness: Freshness = Freshness(),  # noqa: B008 (immutable)
    ) -> None:  # fmt: skip
        timeout_s = arguments.timeout(timeout_s)
        options = arguments.options(url, parse_url, Connection, cluster=cluster)
        ours = {"socket_timeout": None, "socket_connect_timeout": None, "retry": Retry(NoBackoff(), 0), "protocol": 2}

        def node(**address: Any) -> AsyncNode:
            pool = ConnectionPool(**{**options, **address, **ours})
            return AsyncNode(pool, Circuits(max(OPEN_FIRST_S, timeout_s), circuit_s))

        def member(address: Address) -> AsyncNode:
            return node(host=address.host, port=address.port)

        self._servers = AsyncNodes(seed(options), member) if cluster else node()
        self._timeout_s = timeout_s
        self._reading = Reading(namespace, Cache(cache_entries, cache_s), freshness, strict=strict)

    @property
    def failures(self) -> Counter[str]:
        """What was swallowed so far: how often, by the name of the error. A call counts each of its errors once."""
        return self._reading.failures

    async def get(
        self, shopper: Id, *, fields: Iterable[str] | str = ALL, purpose: str = "", purpose_strict: bool = False
    ) -> ReadIntent:
        """One shopper's intent, the document included; all is as with `get_many`."""
        call = self.get_many([shopper], fields=fields, purpose=purpose, purpose_strict=purpose_strict)
        return (await call)[0]

    async def get_many(
        self, shoppers: Iterable[Id], *, fields: Iterable[str] | str = HOT, purpose: str = "",
        purpose_strict: bool = False,
    ) -> list[ReadIntent]:  # fmt: skip
        """As IntentReader.get_many."""
        ends_s = asyncio.get_running_loop().time() + self._timeout_s
        call = self._reading.begin(shoppers, query(fields, purpose, purpose_strict=purpose_strict))
        while call.asks:
            call.take(await self._servers.ask(call.asks, ends_s))
        return call.end()

    async def close(self) -> None:
        """Close the connections."""
        await self._servers.close()

    async def __aenter__(self) -> "AsyncIntentReader":  # noqa: PYI034 (typing.Self came with 3.11)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
