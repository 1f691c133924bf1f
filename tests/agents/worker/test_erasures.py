"""Erasures: memory, store and log forget together, and a store that lost its markers is told again."""

import pytest

from agents.worker.backlog import Backlog, Targets
from agents.worker.erasures import Erasures
from agents.worker.partition import Partition
from agents.worker.recall import Recall
from agents.worker.shoppers import Owed, Shopper
from storage.checkpoints import Context, Erased, Write
from streams.errors import StoreUnavailable
from streams.events.event import ShopperEvent
from streams.kafka.batches import TP
from streams.records.erasures import Erasure
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, SessionRules, fold
from streams.sessions.triggers import TriggerRules
from tests.fakes.store import MemoryStore

FAR_MS = 10**14
HERE = TP("events", 0)


class Cancelled:
    """Notes whose calls were cancelled."""

    def __init__(self) -> None:
        self.shoppers: list[str] = []

    def forget(self, shopper: Shopper) -> None:
        self.shoppers.append(shopper.id)


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


def held(home: Partition, *offsets: int) -> Shopper:
    """Ada in memory, owed a call, whose ticket holds the commit."""
    shopper = home.shoppers["ada"] = Shopper("ada", home, session(*offsets))
    ticket = home.ledger.owe(offsets[0], shopper, 0.0)
    home.ledger.received(offsets[-1])
    shopper.owed = Owed(first_s=0.0, last_s=0.0, call=True, ticket=ticket)
    return shopper


def forgetful(store: MemoryStore, home: Partition) -> tuple[Erasures, Cancelled]:
    erasures, cancelled = Erasures(store, store, lineage=0), Cancelled()
    erasures.attach({HERE: home}, Backlog(TriggerRules(), Targets()), cancelled)
    return erasures, cancelled


async def test_memory_store_and_calls_forget(store: MemoryStore) -> None:
    """Afterwards the shopper is nowhere, their calls are cancelled, and nothing of theirs holds the commit."""
    home = Partition(0, 1, 0.0)
    held(home, 3, 4)
    await stored(store, 3)
    erasures, cancelled = forgetful(store, home)
    await erasures.take([Erasure("ada", 7, 0, (5,))], end=1)
    assert "ada" not in home.shoppers
    assert cancelled.shoppers == ["ada"]
    assert home.ledger.uncovered() == 5
    assert not home.stale
    assert await store.load(["ada"]) == [Erased("ada", 7, Erasure("ada", 7, 0, (5,)))]


async def test_what_came_since_is_read_again(store: MemoryStore) -> None:
    """The session in memory had old and new events in it, and cannot be split: the partition goes back."""
    home = Partition(0, 1, 0.0)
    held(home, 3, 8)
    erasures, _ = forgetful(store, home)
    await erasures.take([Erasure("ada", 7, 0, (5,))], end=1)
    assert home.stale


async def test_an_erasure_that_is_known_changes_nothing(store: MemoryStore) -> None:
    """The topic may tell it again; what the shopper did since stays."""
    home = Partition(0, 1, 0.0)
    erasures, cancelled = forgetful(store, home)
    await erasures.take([Erasure("ada", 7, 0, (5,))], end=1)
    shopper = held(home, 5, 6)
    shopper.erasure = 7
    await erasures.take([Erasure("ada", 7, 0, (5,))], end=2)
    assert home.shoppers["ada"] is shopper
    assert not cancelled.shoppers


async def test_a_store_that_was_lost_is_told_before_it_is_served(store: MemoryStore) -> None:
    """Whoever asks for the new incarnation hears of it when the markers are back."""
    erasures, _ = forgetful(store, Partition(0, 1, 0.0))
    await erasures.take([Erasure("ada", 7, 0, (5,)), Erasure("bob", 8, 0, (5,))], end=2)
    first = await erasures.incarnation()
    store.flush()
    assert await erasures.incarnation() != first
    assert [found.erasure for found in await store.load(["ada", "bob"]) if found is not None] == [7, 8]


async def test_a_store_that_is_away_is_told_later(store: MemoryStore) -> None:
    """Memory forgets at once; the caller hears that the store could not, and says it again."""
    home = Partition(0, 1, 0.0)
    held(home, 3, 4)
    erasures, _ = forgetful(store, home)
    store.fail_next()
    with pytest.raises(StoreUnavailable):
        await erasures.take([Erasure("ada", 7, 0, (5,))], end=1)
    assert "ada" not in home.shoppers
    await erasures.take([Erasure("ada", 7, 0, (5,))], end=1)
    assert await store.load(["ada"]) == [Erased("ada", 7, Erasure("ada", 7, 0, (5,)))]


async def test_a_context_from_before_is_not_loaded(store: MemoryStore) -> None:
    """A store that was rolled back has it again, and has lost the marker; this worker knows better."""
    home = Partition(0, 1, 0.0)
    erasures, _ = forgetful(store, home)
    await erasures.take([Erasure("ada", 7, 0, (5,))], end=1)
    store.flush()
    await stored(store, 3)
    recall = Recall(store, store, Backlog(TriggerRules(), Targets()), 0, erased=erasures.of)
    await recall.known(home, ["ada"])
    shopper = home.shoppers["ada"]
    assert shopper.session.events == 0
    assert shopper.erasure == 7
    assert home.erased == {"ada": Erasure("ada", 7, 0, (5,))}
