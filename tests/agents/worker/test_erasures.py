"""Erasures: memory, store and log forget together, and a store that lost its markers is told again."""

import pytest
import structlog

from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.erasures import Erasures
from agents.worker.partition import OPTED_OUT, Partition
from agents.worker.recall import Recall
from agents.worker.shoppers import Owed, Shopper
from agents.worker.write_verdicts import covers
from storage.checkpoints import Context, Erased, Verdict, Write
from streams.errors import StoreUnavailable
from streams.events.event import ShopperEvent
from streams.kafka.batches import TP
from streams.records.erasures import Erasure
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, SessionRules, fold
from streams.sessions.triggers import TriggerRules
from tests.fakes.erasure_topic import MemoryErasures
from tests.fakes.store import MemoryStore

FAR_MS = 10**14
HERE = TP("events", 0)
ADA = Erasure("ada", 7, 0, (5,))
OUT = Erasure("ada", 7, 0, (5,), opted_out=True)


class Cancelled:
    """Notes whose calls were cancelled."""

    def __init__(self) -> None:
        self.shoppers: list[str] = []
        self.in_shadows: list[str] = []

    def forget(self, shopper: Shopper) -> None:
        self.shoppers.append(shopper.id)

    def forget_in_shadows(self, shopper_id: str) -> None:
        self.in_shadows.append(shopper_id)


class Worker:
    """A partition in memory, and the erasures that it hears of."""

    def __init__(self, store: MemoryStore, *erasures: Erasure, recent: int = 100) -> None:
        self.store, self.topic, self.home, self.calls = (
            store,
            MemoryErasures(erasures),
            Partition(0, 1, 0.0),
            Cancelled(),
        )
        backlog = Backlog(TriggerRules(), BacklogRules())
        self.erasures = Erasures(store, store, 0, self.topic, recent)
        self.erasures.attach({HERE: self.home}, backlog, self.calls)
        self.recall = Recall(store, store, backlog, 0, erased=self.erasures.of)

    async def hear(self, *erasures: Erasure) -> None:
        """These are asked for, and taken over."""
        self.topic.records += erasures
        await self.erasures.catch_up()

    def hold(self, *offsets: int) -> Shopper:
        """Ada in memory, owed a call, whose ticket holds the commit."""
        shopper = self.home.shoppers["ada"] = Shopper("ada", self.home, session(*offsets))
        ticket = self.home.ledger.owe(offsets[0], shopper, 0.0)
        self.home.ledger.received(offsets[-1])
        shopper.owed = Owed(first_s=0.0, last_s=0.0, call=True, ticket=ticket)
        return shopper


@pytest.fixture
def store() -> MemoryStore:
    """A store with nobody in it."""
    return MemoryStore(lambda: 0)


def session(*offsets: int) -> Session:
    folded = Session()
    for offset in offsets:
        event = ShopperEvent(event_id=f"e{offset}", shopper_id="ada", action="view", time_ms=offset)
        fold(folded, event, offset, offset, SessionRules())
    return folded


async def stored(store: MemoryStore, *offsets: int, erasure: int = 0) -> None:
    context = Context("ada", Position(0, offsets[-1], 0), 0, "w:1", dump(session(*offsets)), erasure)
    await store.write([Write(context, FAR_MS)])


async def test_memory_store_and_calls_forget(store: MemoryStore) -> None:
    """Afterwards the shopper is nowhere, their calls are cancelled, and nothing of theirs holds the commit."""
    worker = Worker(store)
    shopper = worker.hold(3, 4)
    await stored(store, 3)
    await worker.hear(ADA)
    assert "ada" not in worker.home.shoppers
    assert shopper.ended
    assert worker.calls.shoppers == ["ada"]
    assert worker.home.ledger.uncovered() == 5
    assert not worker.home.stale
    assert await store.load(["ada"]) == [Erased("ada", 7, ADA)]


async def test_shadows_forget_who_is_not_in_memory(store: MemoryStore) -> None:
    """A partition that went, or a session that was dropped, may have left what is asked beside."""
    worker = Worker(store)
    await worker.hear(ADA)
    assert (worker.calls.shoppers, worker.calls.in_shadows) == ([], ["ada"])


async def test_what_came_since_is_read_again(store: MemoryStore) -> None:
    """The session in memory had old and new events in it, and cannot be split: the partition goes back."""
    worker = Worker(store)
    worker.hold(3, 8)
    await worker.hear(ADA)
    assert worker.home.stale == "erased"


async def test_an_erasure_that_is_known_changes_nothing(store: MemoryStore) -> None:
    """The topic may tell it again; what the shopper did since stays, in memory and in the store."""
    worker = Worker(store)
    await worker.hear(ADA)
    shopper = worker.hold(5, 6)
    shopper.erasure, shopper.marker = 7, ADA
    await stored(store, 5, 6, erasure=7)
    await worker.hear(ADA)
    assert worker.home.shoppers["ada"] is shopper
    assert not worker.calls.shoppers
    [context] = await store.load(["ada"])
    assert isinstance(context, Context)


async def test_a_store_that_was_lost_is_told_before_it_is_served(store: MemoryStore) -> None:
    """Nothing is loaded from it before, and whoever asks for the new incarnation hears of it when the markers are
    back."""
    worker = Worker(store)
    await worker.hear(ADA, Erasure("bob", 8, 0, (5,)))
    first = await worker.erasures.incarnation()
    store.flush()
    with pytest.raises(StoreUnavailable, match="lost erasures"):
        await store.load(["ada"])
    assert await worker.erasures.incarnation() != first
    assert [found.erasure for found in await store.load(["ada", "bob"]) if found is not None] == [7, 8]


async def test_a_failover_that_missed_the_erasure_is_told_it_again(store: MemoryStore) -> None:
    """Intent and context are back with it: they go again, and what was done after an erasure stays."""
    worker = Worker(store)
    await worker.hear()
    await stored(store, 3)
    before = store.snapshot()
    await worker.hear(ADA)
    store.roll_back(before)
    await worker.erasures.incarnation()
    assert await store.load(["ada"]) == [Erased("ada", 7, ADA)]
    await stored(store, 5, 6, erasure=7)
    store.lose_marker("ada")
    worker.home.untold["ada"] = ADA
    await worker.erasures.incarnation()
    [context] = await store.load(["ada"])
    assert isinstance(context, Context)
    assert context.marker == ADA


async def test_only_what_the_store_lacks_is_read_again(store: MemoryStore) -> None:
    """A worker that begins goes on where the others had come to: it reads none of the erasures that the store has."""
    worker = Worker(store)
    await worker.hear(ADA)
    other = Worker(store, ADA)
    await other.erasures.catch_up()
    assert other.topic.read == 0
    other.topic.records.append(Erasure("bob", 8, 0, (5,)))
    await other.erasures.catch_up()
    assert other.topic.read == 1


async def test_a_topic_that_was_recreated_is_read_from_its_beginning(store: MemoryStore) -> None:
    """However far the one before had gone."""
    worker = Worker(store, Erasure("bob", 3, 0, (5,)), Erasure("bob", 4, 0, (5,)))
    await worker.erasures.catch_up()
    worker.topic.name, worker.topic.records = "t2", [ADA]
    await worker.erasures.catch_up()
    assert await store.load(["ada"]) == [Erased("ada", 7, ADA)]


async def test_a_topic_that_was_lost_is_said_and_the_store_keeps_its_mark(store: MemoryStore) -> None:
    """By a worker that runs and by one that starts, once each: only the store still has those erasures."""
    running = Worker(store, Erasure("bob", 3, 0, (5,)))
    await running.erasures.catch_up()
    reached = await store.reached()
    started = Worker(store)
    for worker in (running, started):
        worker.topic.is_there = False
        with structlog.testing.capture_logs() as logs:
            for _ in range(2):
                await worker.erasures.catch_up()
        assert [each["event"] for each in logs] == ["erasures.topic_lost"]
    assert await store.reached() == reached


async def test_a_store_that_is_away_is_told_later(store: MemoryStore) -> None:
    """Memory forgets at once; the caller hears that the store could not, and says it again."""
    worker = Worker(store)
    await worker.hear()
    worker.hold(3, 4)
    worker.topic.records.append(ADA)
    store.fail_next()
    with pytest.raises(StoreUnavailable):
        await worker.erasures.catch_up()
    assert "ada" not in worker.home.shoppers
    await worker.erasures.catch_up()
    assert await store.load(["ada"]) == [Erased("ada", 7, ADA)]


async def test_memory_is_bounded(store: MemoryStore) -> None:
    """The newest stay; the store has all."""
    worker = Worker(store, recent=2)
    await worker.hear(*(Erasure(f"s{number}", number, 0, (5,)) for number in range(1, 6)))
    assert [worker.erasures.of(f"s{number}") is not None for number in range(1, 6)] == [False, False, False, True, True]
    assert [found.erasure for found in await store.load([f"s{number}" for number in range(1, 6)]) if found] == [
        1,
        2,
        3,
        4,
        5,
    ]


async def test_a_context_from_before_is_not_loaded(store: MemoryStore) -> None:
    """A store that has it again, and no marker, is told first; then nothing of it is there."""
    worker = Worker(store)
    await worker.hear(ADA)
    store.lose_marker("ada")
    await stored(store, 3)
    with pytest.raises(StoreUnavailable, match="lost 1 erasures"):
        await worker.recall.known(worker.home, ["ada"])
    await worker.erasures.incarnation()
    await worker.recall.known(worker.home, ["ada"])
    shopper = worker.home.shoppers["ada"]
    assert shopper.session.events == 0
    assert (shopper.erasure, shopper.marker) == (7, ADA)


async def test_a_marker_that_is_missing_is_put_back(store: MemoryStore) -> None:
    """A context that names an erasure which the store does not know says that it was lost. Who has no more of it puts
    its number back, which is a time."""
    worker = Worker(store)
    await worker.hear(ADA)
    await stored(store, 5, 6, erasure=7)
    store.lose_marker("ada")
    other = Worker(store, ADA)
    await other.erasures.catch_up()
    with pytest.raises(StoreUnavailable):
        await other.recall.known(other.home, ["ada"])
    await other.erasures.incarnation()
    await other.recall.known(other.home, ["ada"])
    assert other.home.shoppers["ada"].session.events == 2
    assert other.home.shoppers["ada"].marker == Erasure("ada", 7, 0, ())


async def test_a_write_that_is_refused_for_a_missing_marker_tells_it_again(store: MemoryStore) -> None:
    """The partition is read again when that is done, and not before; the write is taken then."""
    worker = Worker(store)
    await worker.hear(ADA)
    shopper = worker.hold(6)
    shopper.erasure, shopper.marker = 7, ADA
    store.lose_marker("ada")
    context = Context("ada", Position(0, 6, 0), 0, "w:1", dump(shopper.session), 7)
    [verdict] = await store.write([Write(context, FAR_MS)])
    assert verdict is Verdict.ERASED
    assert not covers(verdict, shopper)
    assert worker.home.untold == {"ada": ADA}
    await worker.erasures.incarnation()
    assert not worker.home.untold
    assert await store.write([Write(context, FAR_MS)]) == [Verdict.ACCEPTED]


async def test_who_opted_out_has_no_session(store: MemoryStore) -> None:
    """Neither now nor after everything was lost; what is written all the same is refused."""
    worker = Worker(store)
    worker.hold(3, 8)
    await worker.hear(OUT)
    assert not worker.home.stale
    for lost in (False, True):
        if lost:
            store.flush()
        await worker.erasures.incarnation()
        worker.home.opted_out.clear()
        await worker.recall.known(worker.home, ["ada", "bob"])
        assert list(worker.home.shoppers) == ["bob"]
        assert list(worker.home.opted_out) == ["ada"]
    context = Context("ada", Position(0, 9, 0), 0, "w:1", dump(session(9)), 7)
    assert await store.write([Write(context, FAR_MS)]) == [Verdict.ERASED]


async def test_who_opts_in_is_loaded_again_and_read_from_there(store: MemoryStore) -> None:
    """What they did in the moment before a worker heard of it was left out: it is read once more."""
    worker = Worker(store, OUT)
    await worker.erasures.catch_up()
    await worker.recall.known(worker.home, ["ada"])
    worker.home.ledger.received(9)
    await worker.hear(Erasure("ada", 8, 0, (9,)))
    assert worker.home.stale == "opted_in"
    assert not worker.home.opted_out
    await worker.recall.known(worker.home, ["ada"])
    assert worker.home.shoppers["ada"].erasure == 8


async def test_those_who_opted_out_take_bounded_memory(store: MemoryStore) -> None:
    """However many of them come by: those of the longest ago are asked for again."""
    many = [Erasure(f"s{number}", 7, 0, (5,), opted_out=True) for number in range(OPTED_OUT + 500)]
    worker = Worker(store, *many)
    await worker.erasures.catch_up()
    for first in range(0, len(many), 500):
        await worker.recall.known(worker.home, [each.shopper for each in many[first : first + 500]])
    await worker.recall.known(worker.home, [])
    assert len(worker.home.opted_out) == OPTED_OUT
    assert not worker.home.shoppers
