"""What earlier owners left owed, and who stays in memory while others are loaded."""

from collections.abc import Callable, Sequence

import pytest

from agents.health.snapshot import Held
from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.eviction import EvictionRules, evict
from agents.worker.partition import Partition
from agents.worker.recall import CHUNK, LATE, Recall
from storage.checkpoints import Context, Erased, Write
from streams.errors import StoreUnavailable
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session
from streams.sessions.triggers import TriggerRules
from tests.fakes.store import MemoryStore

RULES = TriggerRules(debounce_s=0, max_wait_s=0, min_interval_s=0)


class Store(MemoryStore):
    """A store that does not take marks, if told so, and calls `meanwhile` while it is asked."""

    def __init__(self) -> None:
        super().__init__(lambda: 0)
        self.takes_marks = True
        self.meanwhile: Callable[[], object] = lambda: None

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        self.meanwhile()
        return await super().load(shoppers)

    async def owe(self, partition: int, shoppers: Sequence[str]) -> None:
        if not self.takes_marks:
            raise StoreUnavailable("no marks")
        await super().owe(partition, shoppers)


def setting() -> tuple[Store, Backlog, Recall, Partition]:
    store, backlog = Store(), Backlog(RULES, BacklogRules())
    return store, backlog, Recall(store, store, backlog, 0), Partition(3, 1, 0.0)


async def stored(store: Store, shopper: str, offset: int, *, owed: bool = False) -> None:
    session = Session()
    session.folded = offset
    context = Context(shopper, Position(0, offset), 3, "w0:1", dump(session), owed=owed)
    await store.write([Write(context, 1_000)])


async def test_nobody_is_evicted_while_others_are_loaded() -> None:
    """When `known` returns, everybody it was asked for is there; who was not asked for may go."""
    store, _, recall, partition = setting()
    await stored(store, "ada", 5)
    await stored(store, "cyd", 6)
    await recall.known(partition, ["ada", "cyd"])
    for _ in range(2):  # the first look begins a walk over all sessions
        evict(partition, 0.0, EvictionRules(most=1_000), Held(2), safe=9)
    store.meanwhile = lambda: evict(partition, 1e9, EvictionRules(most=0), Held(2), safe=9)
    await recall.known(partition, ["ada", "bob"])
    assert list(partition.shoppers) == ["ada", "bob"]
    assert partition.shoppers["ada"].session.folded == 5


async def test_who_is_stored_though_owed_is_owed_and_marked() -> None:
    """Even if the mark was lost: the context tells, and the mark is made again before anything counts as covered."""
    store, backlog, recall, partition = setting()
    await stored(store, "ada", 5, owed=True)
    await recall.known(partition, ["ada"])
    assert await store.owed(3) == ["0:5:0:ada"]
    assert backlog.next(1e9) is partition.shoppers["ada"]


async def test_what_the_store_says_is_owed_is_known() -> None:
    """As it was loaded, until a later session, or an intent at its place, says something else."""
    store, _, recall, partition = setting()
    await stored(store, "ada", 5, owed=True)
    await recall.known(partition, ["ada"])
    ada = partition.shoppers["ada"]
    assert ada.stored_owed
    ada.stored(5, owed=False, intent=False)
    assert ada.stored_owed  # the store has left it as it was
    ada.stored(5, owed=False, intent=True)
    assert not ada.stored_owed
    ada.stored(6, owed=True, intent=False)
    assert (ada.stored_owed, ada.session.durable) == (True, 6)


async def test_who_cannot_be_marked_is_not_known() -> None:
    """Else the next attempt would find them in memory, and forget the mark."""
    store, _, recall, partition = setting()
    await stored(store, "ada", 5, owed=True)
    store.takes_marks = False
    with pytest.raises(StoreUnavailable):
        await recall.known(partition, ["ada"])
    assert not partition.shoppers


async def test_a_mark_waits_for_its_session() -> None:
    """Who is marked at an offset that the session has not come to is owed nothing yet: the events are still to come."""
    store, backlog, recall, partition = setting()
    await stored(store, "ada", 5)
    await store.owe(3, ["0:9:0:ada"])
    await recall.owed(partition, 0.0, None)
    assert backlog.next(1e9) is None
    assert partition.shoppers["ada"].marks == (Position(0, 9),)


async def test_a_mark_without_a_session_goes_when_all_there_is_stored() -> None:
    """Its session has expired; before that is certain, the mark stays."""
    store, _, recall, partition = setting()
    await store.owe(3, ["0:9:0:ada"])
    await recall.owed(partition, 0.0, 9)
    assert await store.owed(3) == ["0:9:0:ada"]
    await recall.owed(partition, 0.0, 10)
    assert await store.owed(3) == []


async def test_a_mark_is_owed_beside_what_runs() -> None:
    """A quiet event is being stored for the shopper when the marks are read: the call is owed next."""
    store, backlog, recall, partition = setting()
    await stored(store, "ada", 5)
    await store.owe(3, ["0:5:0:ada"])
    await recall.known(partition, ["ada"])
    ada = partition.shoppers["ada"]
    backlog.note(ada, 0.0, action="list_view", call=False, appended_ms=0)
    parked = backlog.take(ada)
    await recall.owed(partition, 0.0, None)
    assert ada.running is parked
    backlog.done(ada)
    assert backlog.next(1e9) is ada


async def test_marks_wait_while_late_calls_do() -> None:
    """An owner who died leaves as many as shoppers: no more of them are loaded than are served soon."""
    store, backlog, recall, partition = setting()
    names = [f"s{number}" for number in range(3 * LATE)]
    for each in names:
        await stored(store, each, 5, owed=True)
    await store.owe(3, [f"0:5:0:{each}" for each in names])
    loaded = await recall.owed(partition, 0.0, None, recall.room())
    assert LATE <= loaded == len(partition.shoppers) < LATE + CHUNK
    backlog.advance(1e9)
    backlog.advance(1e9)  # a look files so many
    assert recall.room() <= 0
    assert await recall.owed(partition, 0.0, None, recall.room()) == 0
    for _ in range(len(names)):  # the others follow as calls are made
        who = backlog.next(1e9)
        if who is not None:
            who.running = None
        loaded += await recall.owed(partition, 0.0, None, recall.room())
    assert loaded == len(names)
    assert not partition.unread
    assert set(partition.shoppers) == set(names)


async def test_a_mark_that_was_read_before_its_call_was_made_owes_no_other() -> None:
    """The intent has been stored since: the mark goes."""
    store, backlog, recall, partition = setting()
    await stored(store, "ada", 5, owed=True)
    await recall.known(partition, ["ada"])
    ada = partition.shoppers["ada"]
    assert backlog.next(1e9) is ada
    ada.stored(5, owed=False, intent=True)
    backlog.done(ada)
    partition.unread = ["0:5:0:ada"]
    await recall.owed(partition, 0.0, None)
    assert backlog.next(1e9) is None
    assert await store.owed(3) == []


async def test_whom_a_mark_names_is_not_unpacked_before_the_call() -> None:
    """Until there is a slot for it the session stays as it was loaded."""
    store, backlog, recall, partition = setting()
    await stored(store, "ada", 5, owed=True)
    await recall.owed(partition, 0.0, None)
    await store.owe(3, ["0:5:0:ada"])
    await recall.owed(partition, 0.0, None)
    ada = backlog.next(1e9)
    assert ada is not None
    assert ada.packed
