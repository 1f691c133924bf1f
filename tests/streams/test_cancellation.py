"""A cancellation that nobody asked for is a fault; ours passes."""

import asyncio

import pytest

from streams.cancellation import StrayCancellation, heard, strays_as_faults


async def cut_off() -> None:
    """Waits for what its maker cancels."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def test_a_stray_cancellation_is_a_fault() -> None:
    """It says so, instead of ending the task."""

    async def waits() -> None:
        with strays_as_faults():
            await cut_off()

    # A task of its own: the one that runs all tests may have been cancelled by an earlier one, which counts for good.
    with pytest.raises(StrayCancellation):
        await asyncio.create_task(waits())


async def test_our_own_passes() -> None:
    """Whoever is cancelled ends as cancelled, by a deadline too."""

    async def waits() -> None:
        with strays_as_faults():
            await asyncio.sleep(60)

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await waits()


async def test_a_loop_that_ends_so_fails_its_group() -> None:
    """A group of tasks takes no notice of one that is cancelled: the others would go on without it."""

    async def together() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(heard(cut_off()))
            tasks.create_task(asyncio.sleep(60))

    with pytest.raises(ExceptionGroup) as raised:
        await together()
    assert raised.group_contains(StrayCancellation)
