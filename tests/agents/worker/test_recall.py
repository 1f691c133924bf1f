"""Recall and lineage: whose offsets count, whose history alone, and what stops a partition."""

import asyncio
from collections.abc import Sequence

import pytest

from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.owed_set import name
from agents.worker.partition import Partition
from agents.worker.recall import ENTERED, UNPACKED, Recall
from agents.worker.shoppers import Shopper
from storage.checkpoints import Context, Write
from streams.errors import LineageMismatch
from streams.events.event import ShopperEvent
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, SessionRules, fold
from streams.sessions.triggers import TriggerRules
from tests.fakes.store import MemoryStore

FAR_MS = 10**14
RULES = SessionRules()


@pytest.fixture
def store() -> MemoryStore:
    """A store with nobody in it."""
    return MemoryStore(lambda: 0)


def partition(number: int, read: int | None = None) -> Partition:
    """A partition that was read up to an offset, exclusive."""
    found = Partition(number, epoch=1, commit_lag_s=0.0)
    if read:
        found.ledger.received(read - 1)
    return found


def session(*offsets: int) -> Session:
    folded = Session()
    for offset in offsets:
        event = ShopperEvent(event_id=f"e{offset}", shopper_id="ada", action="view", time_ms=offset)
        fold(folded, event, offset, offset, RULES)
    return folded


async def stored(store: MemoryStore, lineage: int, number: int, *offsets: int) -> None:
    """A context of ada, made of the events at these offsets."""
    position = Position(lineage, offsets[-1], 0)
    context = Context("ada", position, number, "w:1", dump(session(*offsets)))
    await store.write([Write(context, FAR_MS)])


def recall(store: MemoryStore, lineage: int, starts: Sequence[int] = ()) -> Recall:
    return Recall(store, store, Backlog(TriggerRules(), BacklogRules()), lineage, starts)


async def known(store: MemoryStore, lineage: int, home: Partition, starts: Sequence[int] = ()) -> Session:
    await recall(store, lineage, starts).known(home, ["ada"])
    return home.shoppers["ada"].session


async def test_a_context_of_this_log_comes_with_its_offset(store: MemoryStore) -> None:
    """What it covers is known when it is read again."""
    await stored(store, 1, 0, 3, 7)
    assert (await known(store, 1, partition(0))).folded == 7


async def test_sessions_are_unpacked_a_few_a_turn(store: MemoryStore) -> None:
    """Of all partitions that load side by side together: nothing else would run meanwhile."""
    homes, loads, grown = [partition(number) for number in range(3)], recall(store, 1), [0]
    names = [[f"shopper-{number}-{who}" for who in range(4 * ENTERED)] for number in range(3)]
    known = asyncio.gather(*(loads.known(home, each) for home, each in zip(homes, names, strict=True)))
    while not known.done():
        before = sum(len(home.shoppers) for home in homes)
        await asyncio.sleep(0)
        grown.append(sum(len(home.shoppers) for home in homes) - before)
    assert sum(grown) == 12 * ENTERED
    assert max(grown) == ENTERED


async def test_sessions_held_as_bytes_are_unpacked_a_few_a_turn(store: MemoryStore) -> None:
    """Those that end before the events that are to fold, of all partitions together."""
    homes, loads, grown = [partition(number) for number in range(3)], recall(store, 1), [0]
    names = [f"shopper-{who}" for who in range(4 * UNPACKED)]
    for home in homes:
        home.shoppers |= {each: Shopper(each, home, session(5)) for each in names}
        for shopper in home.shoppers.values():
            shopper.pack()
    reach = dict.fromkeys(names, 6) | {names[0]: 5}
    opening = asyncio.gather(*(loads.unpack(home, reach) for home in homes))
    while not opening.done():
        before = _packed(homes)
        await asyncio.sleep(0)
        grown.append(before - _packed(homes))
    assert max(grown) == UNPACKED
    assert _packed(homes) == len(homes)  # what an event brings again needs no session


def _packed(homes: Sequence[Partition]) -> int:
    return sum(shopper.packed for home in homes for shopper in home.shoppers.values())


async def test_a_partition_that_goes_while_sessions_are_unpacked_gets_no_more(store: MemoryStore) -> None:
    """They may be older by then than what its next owner has stored."""
    home, loads = partition(0), recall(store, 1)
    known = asyncio.ensure_future(loads.known(home, [f"shopper-{who}" for who in range(4 * ENTERED)]))
    while not home.shoppers:  # noqa: ASYNC110 (a few turns)
        await asyncio.sleep(0)
    home.end()
    await known
    assert not home.shoppers


@pytest.mark.parametrize("number", [0, 2])
async def test_a_context_of_an_earlier_lineage_comes_with_its_history_alone(store: MemoryStore, number: int) -> None:
    """From whichever partition: an event at a lower offset folds, one that is in the window changes nothing."""
    await stored(store, 0, number, 3, 7)
    found = await known(store, 1, partition(0))
    assert (found.folded, found.durable, found.events) == (-1, -1, 2)
    again = ShopperEvent(event_id="e7", shopper_id="ada", action="view", time_ms=7)
    fold(found, again, 0, 9, RULES)
    fold(found, ShopperEvent(event_id="new", shopper_id="ada", action="view", time_ms=9), 1, 9, RULES)
    assert (found.folded, found.events) == (1, 3)


async def test_a_context_of_a_later_lineage_stops_the_partition(store: MemoryStore) -> None:
    """With the number that a bump must reach."""
    await stored(store, 4, 0, 7)
    with pytest.raises(LineageMismatch, match="penchant lineage bump --to 5"):
        await known(store, 1, partition(0))


async def test_a_context_of_another_partition_stops_the_partition(store: MemoryStore) -> None:
    """A shopper stands in two of them."""
    await stored(store, 1, 2, 7)
    with pytest.raises(LineageMismatch, match="partition 2, but it is read in lineage 1, partition 0"):
        await known(store, 1, partition(0))


@pytest.mark.parametrize(
    ("read", "offset", "starts"), [(10, 500, (20, 0, 100)), (30, 50, (20, 0, 100)), (None, 500, (20, 0, 100))]
)
async def test_what_is_left_from_before_partitions_were_added_stops_nobody(
    store: MemoryStore, read: int | None, offset: int, starts: Sequence[int]
) -> None:
    """Where this partition, or the context's, is still before the lineage's start, the shopper has moved."""
    await stored(store, 1, 2, offset)
    assert (await known(store, 1, partition(0, read), starts)).folded == -1


async def test_beyond_the_starts_a_shopper_has_one_partition(store: MemoryStore) -> None:
    """Then it is a mismatch again, also in partitions that had no start."""
    await stored(store, 1, 2, 500)
    for number in (0, 5):
        with pytest.raises(LineageMismatch):
            await known(store, 1, partition(number, 30), (20, 0, 100))


async def test_a_mark_of_an_earlier_lineage_is_let_go(store: MemoryStore) -> None:
    """Its offset means nothing here, and no position of this log would ever remove it."""
    await stored(store, 0, 0, 700)
    await store.owe(0, [name("ada", Position(0, 700)), name("bob", Position(1, 5))])
    await recall(store, 1).owed(partition(0), 0.0, safe=3)
    assert await store.owed(0) == [name("bob", Position(1, 5))]
