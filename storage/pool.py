"""Pool: the connections of a client, which stay at hand when they have come back.

redis-py locks, counts and reports each connection that is taken and given back: that takes as long as the pipeline.
"""

from contextlib import suppress
from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError


class ReadyPool(BlockingConnectionPool):
    """Who finds all connections busy waits. To redis-py those at hand are in use."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._at_hand: list[AbstractConnection] = []  # the one that came back last stands last
        self._waiting = 0

    async def get_connection(self, *_: Any, **__: Any) -> AbstractConnection:
        """A connection that can be written to."""
        if self._at_hand:
            connection = self._at_hand.pop()
            if await _sound(connection):
                return connection
            await super().release(connection)
            # Those of a host that is gone show nothing of it: each would cost somebody a timeout.
            await self.disconnect(inuse_connections=False)
        self._waiting += 1
        try:
            found: AbstractConnection = await super().get_connection()  # type: ignore[no-untyped-call] # redis-py's
            return found
        finally:
            self._waiting -= 1

    async def release(self, connection: AbstractConnection) -> None:
        """Take a connection back; who waits for one gets it."""
        if self._waiting:
            await super().release(connection)
        else:
            self._at_hand.append(connection)

    async def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002 (redis-py's)
        """Close all connections, or those alone that nobody uses, as those at hand.

        Nothing is waited for until all are closing: redis-py begins a task for each, and leaves those open that had not
        begun when its caller was cancelled.
        """
        closing = [*self._at_hand, *self._available_connections]
        if inuse_connections:
            closing += self._in_use_connections
        writers = [each._writer for each in closing if each._writer is not None]
        for connection in closing:
            await connection.disconnect(nowait=True)
        while self._at_hand:
            await super().release(self._at_hand.pop())
        for writer in writers:
            with suppress(OSError):
                await writer.wait_closed()


async def _sound(connection: AbstractConnection) -> bool:
    """Whether it is open, nothing is left to read from it, and it need not be made anew."""
    if not connection.is_connected or connection.should_reconnect():  # type: ignore[no-untyped-call] # redis-py's
        return False
    try:
        return not await connection.can_read()
    except RedisError:
        return False
