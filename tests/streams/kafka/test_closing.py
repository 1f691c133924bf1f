"""Closing: it ends within its bound, hides no error, and cancels nobody."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from streams.kafka.closing import close


class Connection:
    """The sockets."""

    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True


class Client:
    """Ends as `ending` does."""

    def __init__(self, ending: BaseException | None = None, *, hangs: bool = False) -> None:
        self._ending, self._hangs = ending, hangs
        self.cancelled = False

    async def stop(self) -> None:
        try:
            await (asyncio.Event().wait() if self._hangs else asyncio.sleep(0))
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self._ending:
            raise self._ending


async def test_a_client_that_hangs_is_cut_off() -> None:
    """Its sockets are closed, and nothing of it goes on."""
    client, connection = Client(hangs=True), Connection()
    await close(client, connection, within_s=0.01)
    assert (client.cancelled, connection.closed) == (True, True)


async def test_a_cancellation_from_within_ends_nobody_else() -> None:
    """aiokafka lets that of its own fetch escape: it would end a worker with exit status 0."""
    connection = Connection()
    await close(Client(asyncio.CancelledError()), connection)
    assert connection.closed


async def test_what_goes_wrong_hides_no_earlier_error() -> None:
    """The one that led to the close is the one that is told."""
    async with AsyncExitStack() as stack:
        stack.enter_context(pytest.raises(ValueError, match="first"))
        stack.push_async_callback(close, Client(OSError("second")), Connection())
        raise ValueError("first")


async def test_who_is_cancelled_while_closing_stays_cancelled() -> None:
    """And what was closing does not go on behind it."""
    client = Client(hangs=True)
    closing = asyncio.ensure_future(close(client, Connection()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await asyncio.sleep(0)
    assert client.cancelled
