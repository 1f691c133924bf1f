"""Cancellation: whether it is ours. A library may cancel what we wait for: nobody has cancelled our task then."""

import asyncio
from collections.abc import Coroutine


class StrayCancellation(Exception):
    """What was waited for was cancelled by whoever had made it: a fault like any other."""


def is_ours() -> bool:
    """Whether somebody cancels the running task."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


class strays_as_faults:  # noqa: N801 # read as what it does, as contextlib's are
    """Inside, a cancellation that is not ours is raised as StrayCancellation: it would end the task without a word."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing is to be done before."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, asyncio.CancelledError) and not is_ours():
            raise StrayCancellation("what was waited for was cancelled") from error


async def heard(loop: Coroutine[None, None, None]) -> None:
    """Run a loop that is to end by our cancellation alone. A stray one fails: a group of tasks would not miss it."""
    with strays_as_faults():
        await loop
