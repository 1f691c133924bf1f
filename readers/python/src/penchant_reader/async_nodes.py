"""Nodes: one server or a cluster of them, asked by tasks of an event loop."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import Connection, ConnectionPool
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import ResponseError

from penchant_reader.circuit import Circuit, CircuitOpen
from penchant_reader.reading import TROUBLE, Ask
from penchant_reader.routing import ASKING, CLUSTER_SLOTS, Routing, Shares
from penchant_reader.slots import Address, Slots

if sys.version_info >= (3, 11):
    from asyncio import timeout_at
else:
    from async_timeout import timeout_at  # which redis itself needs there


class AsyncNode:
    """One server: its connections, and whether it is asked at all."""

    def __init__(self, pool: ConnectionPool, circuit: Circuit) -> None:
        self._pool, self._circuit = pool, circuit

    async def ask(self, asks: Sequence[Ask], ends_s: float) -> list[Any]:
        """The replies, in one round trip; an exception in all places where none came in time by the loop's clock."""
        return await self.exchange([ask.packed for ask in asks], len(asks), ends_s)

    async def exchange(self, packed: Sequence[bytes], count: int, ends_s: float) -> list[Any]:
        """Send commands and receive so many replies; errors are as with `ask`."""
        if not self._circuit.allows(time.monotonic()):
            return [CircuitOpen("the server has failed a moment ago")] * count
        try:
            async with timeout_at(ends_s):
                replies = await self._exchange(packed, count)
        except (*TROUBLE, asyncio.TimeoutError) as error:
            self._circuit.failed(time.monotonic())
            return [error] * count
        self._circuit.worked()
        return replies

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()

    async def _exchange(self, packed: Sequence[bytes], count: int) -> list[Any]:
        connection: Connection = await self._pool.get_connection()  # type: ignore[no-untyped-call] # redis-py
        try:
            await connection.send_packed_command(b"".join(packed), check_health=False)
            replies = [await _reply(connection) for _ in range(count)]
        except BaseException:
            await connection.disconnect(nowait=True)  # no later call reads what is still to come
            await self._pool.release(connection)
            raise
        await self._pool.release(connection)
        return replies


class AsyncNodes:
    """A cluster. `make` makes a node of its address."""

    def __init__(self, seed: Address, make: Callable[[Address], AsyncNode]) -> None:
        self._routing, self._make = Routing(seed), make
        self._nodes: dict[Address, AsyncNode] = {}

    async def ask(self, asks: Sequence[Ask], ends_s: float) -> list[Any]:
        """As with one node, but one round trip to each of those that hold the keys, all at the same time."""
        replies: list[Any] = [None] * len(asks)
        try:
            slots = self._routing.slots or await self._discover(ends_s)
        except (*TROUBLE, asyncio.TimeoutError) as error:
            return [error] * len(asks)
        packed = [ask.packed for ask in asks]
        await self._exchange(self._routing.shares(slots, asks, replies), packed, replies, ends_s)
        if redirected := self._routing.redirected(replies):
            await self._exchange(redirected, [ASKING + each for each in packed], replies, ends_s, each=2)
        return replies

    async def close(self) -> None:
        """Close the connections."""
        for node in self._nodes.values():
            await node.close()

    async def _exchange(
        self, shares: Shares, packed: Sequence[bytes], replies: list[Any], ends_s: float, each: int = 1
    ) -> None:
        """Of `each` replies to a command the last one counts."""

        async def share(address: Address, places: Sequence[int]) -> None:
            asked = [packed[at] for at in places]
            received = await self._node(address).exchange(asked, each * len(places), ends_s)
            for at, reply in zip(places, received[each - 1 :: each], strict=True):
                replies[at] = reply

        await asyncio.gather(*(share(address, places) for address, places in shares.items()))

    async def _discover(self, ends_s: float) -> Slots:
        error: Exception = RedisAway("no node of the cluster answers")
        for address in self._routing.known():
            (reply,) = await self._node(address).ask([Ask(b"", CLUSTER_SLOTS)], ends_s)
            if not isinstance(reply, Exception):
                return self._routing.told(reply, address)
            error = reply
        raise error

    def _node(self, address: Address) -> AsyncNode:
        if address not in self._nodes:
            self._nodes[address] = self._make(address)
        return self._nodes[address]


async def _reply(connection: Connection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error
