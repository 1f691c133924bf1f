"""The collector: when all sessions are looked through, and that nobody is left with our settings."""

import asyncio
import gc
import weakref

import pytest

from penchant.process.collector import NEVER, CollectorRules, collect
from tests.until import until

RULES = CollectorRules(every_s=100, wanted=1.25, needed=1.5)


@pytest.mark.parametrize(
    ("since_s", "grown", "quiet", "due"),
    [
        (99, 1.24, True, False),
        (100, 1.0, True, True),
        (100, 1.0, False, False),
        (199, 1.0, False, False),
        (200, 1.0, False, True),
        (1, 1.25, True, True),
        (1, 1.25, False, False),
        (1, 1.5, False, True),
    ],
)
def test_when(since_s: float, grown: float, quiet: bool, due: bool) -> None:  # noqa: FBT001 - parameters of a table
    """In a quiet moment when it is time or memory has grown; without one when it is high time."""
    assert RULES.due(since_s, grown, quiet=quiet) is due


class Knot:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


async def test_old_garbage_goes_when_it_is_due() -> None:
    """Full collections do not happen by themselves any more, but by the rules; and at the end all is as before."""
    before = gc.get_threshold()
    quiet = False
    running = asyncio.create_task(collect(CollectorRules(every_s=0, wanted=1, needed=NEVER), lambda: quiet, 0.01))
    await until(lambda: gc.get_threshold()[2] == NEVER)
    assert gc.get_freeze_count() > 0
    running.cancel()
    await asyncio.wait({running})
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


async def test_a_knot_is_undone() -> None:
    """Garbage that refers to itself, however old, is freed by a collection that was due."""
    running = asyncio.create_task(collect(CollectorRules(every_s=0.05), lambda: True, 0.01))
    await until(lambda: gc.get_threshold()[2] == NEVER)
    knot = Knot()
    gc.collect(1)
    gc.collect(1)  # it is old now
    gone = weakref.ref(knot)
    del knot
    await until(lambda: gone() is None)
    running.cancel()
    await asyncio.wait({running})
