"""Nodes: one server or a cluster of them, asked by a thread within its deadline."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from redis import Connection, ConnectionPool
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from penchant_reader.circuit import Circuit, CircuitOpen, Circuits
from penchant_reader.deadline import NotWaited
from penchant_reader.reading import TROUBLE, Ask
from penchant_reader.routing import CLUSTER_SLOTS, Routing, Shares, asking
from penchant_reader.slots import Address, Slots

WAITED_S = 0.001
"""Less is no wait."""


class Node:
    """One server: its connections, and whether it is asked at all."""

    def __init__(self, pool: ConnectionPool, circuits: Circuits) -> None:
        self._pool, self._circuits = pool, circuits

    def ask(self, asks: Sequence[Ask]) -> list[Any]:
        """What the replies read as, in one round trip; an exception in each place where none came."""
        try:
            connection = self.send(asks)
        except TROUBLE as error:
            return [error] * len(asks)
        return self.received(connection, asks)

    def send(self, asks: Sequence[Ask]) -> Connection:
        """Send commands; the replies are to be received from the connection."""
        began_s, circuit = time.monotonic(), self._circuits.of(len(asks))
        if not (asks[0].again or circuit.allows(began_s)):
            raise CircuitOpen("the server has failed a moment ago")
        try:
            connection: Connection = self._pool.get_connection()
            try:
                connection.send_packed_command([b"".join([ask.packed for ask in asks])], check_health=False)  # type: ignore[no-untyped-call] # redis-py
            except BaseException:
                self._drop(connection)
                raise
        except TROUBLE as error:
            _blame(circuit, asks, error, began_s)
            raise
        return connection

    def received(self, connection: Connection, asks: Sequence[Ask], each: int = 1) -> list[Any]:
        """As with `ask`: what came in time, and the error in the places of the rest. Of `each` replies to a command the
        last one counts. An error that Redis replied stands in the place of the reply."""
        began_s, circuit, replies = time.monotonic(), self._circuits.of(len(asks)), list[Any]()
        try:
            for ask in asks:  # not all at once: a timeout leaves what came until then
                for _ in range(each - 1):
                    _reply(connection)
                replies.append(ask.read(_reply(connection)))
        except TROUBLE as error:
            self._drop(connection)
            if replies and isinstance(error, RedisTimeout):
                circuit.worked()  # slower than this read needs, but there
            else:
                _blame(circuit, asks, error, began_s)
            return replies + [error] * (len(asks) - len(replies))
        except BaseException:
            self._drop(connection)
            raise
        self._pool.release(connection)
        circuit.worked()
        return replies

    def close(self) -> None:
        """Close the connections."""
        self._pool.disconnect()

    def _drop(self, connection: Connection) -> None:
        """No later call reads what is still to come."""
        connection.disconnect()  # type: ignore[no-untyped-call] # redis-py
        self._pool.release(connection)


class Nodes:
    """A cluster. `make` makes a node of its address."""

    def __init__(self, seed: Address, make: Callable[[Address], Node]) -> None:
        self._routing, self._make = Routing(seed), make
        self._nodes: dict[Address, Node] = {}

    def ask(self, asks: Sequence[Ask]) -> list[Any]:
        """As with one node, but one round trip to each of those that hold the keys, all at the same time."""
        replies: list[Any] = [None] * len(asks)
        try:
            slots = self._routing.slots or self._discover()
        except TROUBLE as error:
            return [error] * len(asks)
        self._exchange(self._routing.shares(slots, asks, replies), asks, replies)
        if redirected := self._routing.redirected(replies):
            self._exchange(redirected, [asking(ask) for ask in asks], replies, each=2)
        return replies

    def close(self) -> None:
        """Close the connections."""
        for node in self._nodes.values():
            node.close()

    def _exchange(self, shares: Shares, asks: Sequence[Ask], replies: list[Any], each: int = 1) -> None:
        """Send to all before receiving from any."""
        under_way = []
        for address, places in shares.items():
            node, share = self._node(address), [asks[at] for at in places]
            try:
                under_way.append((node, node.send(share), share, places))
            except TROUBLE as error:
                _put(replies, places, [error] * len(places))
        for node, connection, share, places in under_way:
            _put(replies, places, node.received(connection, share, each))

    def _discover(self) -> Slots:
        error: Exception = RedisAway("no node of the cluster answers")
        for address in self._routing.known():
            (reply,) = self._node(address).ask([Ask(b"", CLUSTER_SLOTS)])
            if not isinstance(reply, Exception):
                return self._routing.learn(reply, address)
            error = reply
        raise error

    def _node(self, address: Address) -> Node:
        if address not in self._nodes:
            self._nodes[address] = self._make(address)
        return self._nodes[address]


def _blame(circuit: Circuit, asks: Sequence[Ask], error: Exception, began_s: float) -> None:
    """Whoever was not waited for is not to blame for a timeout: other nodes have used the time up. Nor is who answered
    the first round trip."""
    now_s = time.monotonic()
    waited = not (asks[0].again or isinstance(error, NotWaited)) and now_s - began_s > WAITED_S
    if not isinstance(error, RedisTimeout) or waited:
        circuit.failed(now_s)


def _put(replies: list[Any], places: Sequence[int], values: Sequence[Any]) -> None:
    for at, value in zip(places, values, strict=True):
        replies[at] = value


def _reply(connection: Connection) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:
        return error
