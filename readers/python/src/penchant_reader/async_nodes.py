"""Nodes: one server or a cluster of them, asked by tasks of an event loop."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import Connection, ConnectionPool
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import ResponseError

from penchant_reader.circuit import CircuitOpen, Circuits
from penchant_reader.reading import TROUBLE, Ask
from penchant_reader.routing import CLUSTER_SLOTS, Routing, Shares, asking
from penchant_reader.slots import Address, Slots

if sys.version_info >= (3, 11):
    from asyncio import timeout_at
else:
    from async_timeout import timeout_at  # which redis itself needs there


class AsyncNode:
    """One server: its connections, and whether it is asked at all."""

    def __init__(self, pool: ConnectionPool, circuits: Circuits) -> None:
        self._pool, self._circuits = pool, circuits

    async def ask(self, asks: Sequence[Ask], ends_s: float, each: int = 1) -> list[Any]:
        """What the replies read as, in one round trip; an exception in each place where none came in time by the loop's
        clock. Of `each` replies to a command the last one counts."""
        circuit, replies = self._circuits.of(len(asks)), list[Any]()
        if not (asks[0].again or circuit.allows(time.monotonic())):
            return [CircuitOpen("the server has failed a moment ago")] * len(asks)
        try:
            async with timeout_at(ends_s):
                await self._exchange(asks, each, replies)
        except (*TROUBLE, asyncio.TimeoutError) as error:
            late = isinstance(error, asyncio.TimeoutError)
            if replies and late:
                circuit.worked()  # slower than this read needs, but there
            elif not (asks[0].again and late):
                circuit.failed(time.monotonic())
            return replies + [error] * (len(asks) - len(replies))
        circuit.worked()
        return replies

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()

    async def _exchange(self, asks: Sequence[Ask], each: int, replies: list[Any]) -> None:
        """Put what the replies read as into `replies`, one after the other."""
        connection: Connection = await self._pool.get_connection()  # type: ignore[no-untyped-call] # redis-py
        try:
            await connection.send_packed_command(b"".join([ask.packed for ask in asks]), check_health=False)
            for ask in asks:  # not all at once: a timeout leaves what came until then
                for _ in range(each - 1):
                    await _reply(connection)
                replies.append(ask.read(await _reply(connection)))
        except BaseException:
            await connection.disconnect(nowait=True)  # no later call reads what is still to come
            await self._pool.release(connection)
            raise
        await self._pool.release(connection)


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
        await self._exchange(self._routing.shares(slots, asks, replies), asks, replies, ends_s)
        if redirected := self._routing.redirected(replies):
            await self._exchange(redirected, [asking(ask) for ask in asks], replies, ends_s, each=2)
        return replies

    async def close(self) -> None:
        """Close the connections."""
        for node in self._nodes.values():
            await node.close()

    async def _exchange(
        self, shares: Shares, asks: Sequence[Ask], replies: list[Any], ends_s: float, each: int = 1
    ) -> None:
        async def share(address: Address, places: Sequence[int]) -> None:
            received = await self._node(address).ask([asks[at] for at in places], ends_s, each)
            for at, reply in zip(places, received, strict=True):
                replies[at] = reply

        await asyncio.gather(*(share(address, places) for address, places in shares.items()))

    async def _discover(self, ends_s: float) -> Slots:
        error: Exception = RedisAway("no node of the cluster answers")
        for address in self._routing.known():
            (reply,) = await self._node(address).ask([Ask(b"", CLUSTER_SLOTS)], ends_s)
            if not isinstance(reply, Exception):
                return self._routing.learn(reply, address)
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
