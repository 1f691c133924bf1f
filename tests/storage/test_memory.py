"""The faults of the store in memory do what the simulation orders them for."""

import pytest

from storage.checkpoints import Context, Erased, Verdict
from streams.errors import StoreUnavailable
from tests.fakes.store import MemoryStore
from tests.storage.sides import now_ms, write


@pytest.fixture
def store() -> MemoryStore:
    """An empty store."""
    return MemoryStore(now_ms)


async def test_failures_come_as_ordered(store: MemoryStore) -> None:
    """As many calls fail as were ordered, whatever they are, and the next succeeds."""
    store.fail_next(2)
    with pytest.raises(StoreUnavailable):
        await store.load(["ada"])
    with pytest.raises(StoreUnavailable):
        await store.incarnation()
    assert await store.load(["ada"]) == [None]


async def test_a_lost_answer_leaves_what_was_done(store: MemoryStore) -> None:
    """The caller is told nothing, and finds it covered when it writes again."""
    store.fail_next(done=1)
    with pytest.raises(StoreUnavailable):
        await store.write([write("ada"), write("bob")])
    assert await store.write([write("ada"), write("bob")]) == [Verdict.COVERED, Verdict.ACCEPTED]


async def test_while_down_nothing_is_done(store: MemoryStore) -> None:
    """Every call fails until it is up again, and leaves no trace."""
    store.down = True
    with pytest.raises(StoreUnavailable):
        await store.write([write("ada")])
    store.down = False
    assert await store.load(["ada"]) == [None]


async def test_a_roll_back_is_another_incarnation_with_less(store: MemoryStore) -> None:
    """Acknowledged writes are gone, owed shoppers too, and the incarnation says so."""
    await store.write([write("ada", (0, 5, 0))])
    before, snapshot = await store.incarnation(), store.snapshot()
    await store.write([write("ada", (0, 9, 0))])
    await store.owe(1, ["ada"])
    store.roll_back(snapshot)
    (context,) = await store.load(["ada"])
    assert isinstance(context, Context)
    assert context.position.offset == 5
    assert await store.owed(1) == []
    assert await store.incarnation() != before


async def test_one_snapshot_serves_many_roll_backs(store: MemoryStore) -> None:
    """What is written after a roll-back does not leak into the snapshot."""
    snapshot = store.snapshot()
    store.roll_back(snapshot)
    await store.write([write("ada")])
    store.roll_back(snapshot)
    assert await store.load(["ada"]) == [None]


async def test_a_restart_keeps_everything(store: MemoryStore) -> None:
    """Only the incarnation changes."""
    await store.write([write("ada")])
    before = await store.incarnation()
    store.restart()
    assert await store.incarnation() != before
    assert isinstance((await store.load(["ada"]))[0], Context)


async def test_time_is_the_callers() -> None:
    """A context ends when the clock that was passed in says so."""
    now = now_ms()
    store = MemoryStore(lambda: now)
    await store.write([write("ada", lives_ms=60_000)])
    now += 3_600_000
    assert await store.load(["ada"]) == [None]


async def test_a_call_waits_on_its_way(store: MemoryStore) -> None:
    """The way is taken there and back: what happens on the way there shows in the answer, on the way back not."""

    async def way() -> None:
        store.forget("ada")

    store.way = way
    (erased,) = await store.load(["ada"])
    assert isinstance(erased, Erased)
    assert erased.erasure == 1
