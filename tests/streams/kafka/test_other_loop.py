"""Work on the loop of another thread."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from streams.kafka.other_loop import done_there


@pytest.fixture
def there() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def test_what_it_returns_comes_back(there: asyncio.AbstractEventLoop) -> None:
    """It runs there, and nowhere else."""

    async def work() -> asyncio.AbstractEventLoop:
        await asyncio.sleep(0)
        return asyncio.get_running_loop()

    assert await done_there(there, work) is there


async def test_what_it_raises_is_raised_here(there: asyncio.AbstractEventLoop) -> None:
    async def work() -> None:
        raise KeyError("there")

    with pytest.raises(KeyError):
        await done_there(there, work)


async def test_its_cancellation_is_raised_here(there: asyncio.AbstractEventLoop) -> None:
    """Nobody waits for ever for what was cancelled there."""

    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await done_there(there, work)


async def test_who_no_longer_waits_ends_it(there: asyncio.AbstractEventLoop) -> None:
    """And waits no longer, even where it goes on for a while."""
    began, ended = threading.Event(), threading.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.set()

    waiting = asyncio.create_task(done_there(there, work))
    assert await asyncio.to_thread(began.wait, 10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.to_thread(ended.wait, 10)


async def test_a_loop_that_is_closed_meanwhile_hides_no_cancellation() -> None:
    """As when Kafka's thread has died, and the worker stops."""
    loop, began = asyncio.new_event_loop(), threading.Event()
    loop.set_exception_handler(lambda *_: None)  # what it leaves pending is the point
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def work() -> None:
        began.set()
        await asyncio.sleep(3_600)

    waiting = asyncio.create_task(done_there(loop, work))
    assert await asyncio.to_thread(began.wait, 10)
    loop.call_soon_threadsafe(loop.stop)
    await asyncio.to_thread(thread.join, 10)
    loop.close()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_closed_loop_is_an_error() -> None:
    loop = asyncio.new_event_loop()
    loop.close()

    async def work() -> None:
        raise AssertionError("nothing runs there")

    with pytest.raises(RuntimeError):
        await done_there(loop, work)
