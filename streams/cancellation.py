"""Cancellation: whether it is ours. A library may cancel what we wait for: nobody has cancelled our task then."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager


class StrayCancellation(Exception):
    """What was waited for was cancelled by whoever had made it: a fault like any other."""


def is_ours() -> bool:
    """Whether somebody cancels the running task."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


@contextmanager
def strays_as_faults() -> Iterator[None]:
    """Inside, a cancellation that is not ours is raised as StrayCancellation: it would end the task without a word."""
    try:
        yield
    except asyncio.CancelledError as error:
        if is_ours():
            raise
        raise StrayCancellation("what was waited for was cancelled") from error


async def heard(loop: Coroutine[None, None, None]) -> None:
    """Run a loop that is to end by our cancellation alone. A stray one fails: a group of tasks would not miss it."""
    with strays_as_faults():
        await loop
