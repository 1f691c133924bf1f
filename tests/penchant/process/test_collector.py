"""The collector: when all sessions are looked through, and that nobody is left with our settings."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import getpagesize

import pytest

from penchant.process.collector import NEVER, CollectorRules, Looks, collect, resident_bytes
from tests.until import until

RULES = CollectorRules(every_s=100, bound_s=0.03)


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    """What a test froze is looked through again after it."""
    yield
    gc.unfreeze()


@pytest.mark.parametrize(
    ("since_s", "all_s", "new_s", "quiet", "scope"),
    [
        (99, 0.01, 0.01, True, "new"),
        (100, 0.01, 0.01, True, "all"),
        (100, 0.01, 0.01, False, "nothing"),
        (9_999, 0.04, 0.01, True, "new"),
        (9_999, 0.04, 0.04, True, "nothing"),
        (1, 0.04, 0.04, False, "nothing"),
    ],
)
def test_what_is_looked_through(
    since_s: float,
    all_s: float,
    new_s: float,
    quiet: bool,  # noqa: FBT001 # of a table
    scope: str,
) -> None:
    """Nothing that would hold the loop for longer than the bound, and all of it in a quiet moment alone."""
    assert RULES.scope(since_s, all_s, new_s, quiet=quiet) == scope


def test_a_look_through_all_takes_as_long_as_there_is_memory() -> None:
    """It is foretold by one figure that costs nothing to ask for, however much is held."""
    memory = [100]
    looks = Looks(0.5, lambda: memory[0])
    assert looks.expected_s()[0] == 0.5
    memory[0] = 400
    assert looks.expected_s()[0] == 2.0


def test_sessions_that_have_gone_are_not_counted_in() -> None:
    """After a time of many sessions the look through all comes again: what counts is what is held now."""
    memory = [400, 400, 100, 100]
    looks = Looks(0.04, lambda: memory.pop(0))
    assert RULES.scope(100, *looks.expected_s(), quiet=True) == "new"
    assert RULES.scope(100, *looks.expected_s(), quiet=True) == "all"
    assert memory == [100]


def test_a_look_is_measured_by_what_there_was_before_it() -> None:
    """What it frees took its time as well, and does not make the next ones seem longer."""
    knot = Knot()
    gone = weakref.ref(knot)
    held: list[bool] = []

    def memory() -> int:
        held.append(gone() is not None)
        return 100

    gc.disable()
    del knot
    try:
        Looks(0.01, memory).look("all")
    finally:
        gc.enable()
    assert held == [True, True]
    assert gone() is None


@pytest.mark.parametrize("fields", ["900 20 3", "900 5 3"])
def test_memory_is_what_is_resident_now(tmp_path: Path, fields: str) -> None:
    """Linux tells it in pages, as the second field."""
    statm = tmp_path / "statm"
    statm.write_text(fields, encoding="ascii")
    assert resident_bytes(statm) == int(fields.split()[1]) * getpagesize()


def test_where_a_system_does_not_tell_it_is_the_most_that_there_was(tmp_path: Path) -> None:
    """In bytes as well, so that a reading that fails once does not upset those before and after it."""
    assert resident_bytes(tmp_path / "statm") >= resident_bytes() // 2


class Knot:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@contextmanager
def collecting(rules: CollectorRules) -> Iterator[None]:
    """The collector taken over meanwhile."""
    running = asyncio.create_task(collect(rules, lambda: True, 0.01))
    yield
    running.cancel()


async def test_at_the_end_nothing_is_looked_through() -> None:
    """The thresholds are as before; what was frozen stays so, or the stop would wait for it."""
    before = gc.get_threshold()
    running = asyncio.create_task(collect(RULES, lambda: True, 0.01))
    await until(lambda: gc.get_threshold()[2] == NEVER)
    assert gc.get_freeze_count() > 0
    running.cancel()
    await asyncio.wait({running})
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() > 0


@pytest.mark.parametrize("rules", [CollectorRules(every_s=0.0, bound_s=60.0), CollectorRules(bound_s=60.0)])
async def test_a_knot_that_is_new_is_undone(rules: CollectorRules) -> None:
    """Garbage that refers to itself is freed by the next look, of all or of what is new."""
    with collecting(rules):
        await until(lambda: gc.get_threshold()[2] == NEVER)
        knot = Knot()
        gone = weakref.ref(knot)
        del knot
        await until(lambda: gone() is None)


async def test_an_old_knot_waits_for_a_look_through_all() -> None:
    """What was frozen when it still served is found in a quiet moment, once it is time."""
    knot = Knot()
    gone = weakref.ref(knot)
    with collecting(CollectorRules(every_s=0.05, bound_s=60.0)):
        await until(lambda: gc.get_threshold()[2] == NEVER)
        del knot
        await until(lambda: gone() is None)


async def test_a_look_that_would_take_too_long_is_left_out() -> None:
    """Whatever is there then is held to be needed."""
    with collecting(CollectorRules(every_s=0.0, bound_s=-1.0)):
        await until(lambda: gc.get_threshold()[2] == NEVER)
        frozen = gc.get_freeze_count()
        kept = [Knot() for _ in range(1_000)]
        await until(lambda: gc.get_freeze_count() >= frozen + len(kept))
