"""Rekey without Kafka: what goes out in which order, what may be committed when, and what stops it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents.health.statistics import Meter
from agents.rekey.rekey import IN_FLIGHT, SLICE, Keyed, Rekey
from agents.worker.refusals import Refusals
from streams.errors import BrokerUnavailable, DeadLetterLimit
from streams.events.decoding import encode
from streams.events.dialects import dialect
from streams.events.event import ShopperEvent
from streams.kafka.batches import TP, RecordBatch
from streams.records.dead_letters import DeadLetter, LimitRules
from tests.agents.awaits import Raiser, places, raising

CLICKS, SHOP = TP("clicks", 0), TP("shop", 3)


@dataclass(frozen=True)
class Read:
    """A record of a source topic."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = 1_700_000_000_007
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass
class MemoryTarget:
    """Takes records at once, and acknowledges them when `open` is set."""

    records: list[Keyed] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    away: bool = False

    async def send(self, records: Sequence[Keyed]) -> Sequence[Awaitable[object]]:
        self.records += records
        return [asyncio.get_running_loop().create_future() for _ in records]

    async def acknowledged(self, sent: Sequence[Awaitable[object]]) -> None:
        assert sent
        await self.open.wait()
        if self.away:
            raise BrokerUnavailable("the target is away")


@dataclass
class MemoryDeadLetterSender:
    """The dead-letter topic."""

    letters: list[DeadLetter] = field(default_factory=list)

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        self.letters += letters
        return {}


@dataclass
class Scene:
    """A rekey of two topics, and what is around it."""

    target: MemoryTarget = field(default_factory=MemoryTarget)
    letters: MemoryDeadLetterSender = field(default_factory=MemoryDeadLetterSender)
    limit: LimitRules = field(default_factory=lambda: LimitRules(window_s=0.0))

    def __post_init__(self) -> None:
        dialects = {CLICKS.topic: dialect("native"), SHOP.topic: dialect("rees46")}
        self.rekey = Rekey(dialects, self.target, Refusals(self.letters, self.limit, Meter()))
        self.rekey.assigned(CLICKS, 1)
        self.rekey.assigned(SHOP, 2)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While it runs."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.rekey.run())
            yield
            task.cancel()

    async def committed(self, tp: TP, epoch: int, offset: int) -> None:
        """Wait until a partition may be committed up to here."""
        async with asyncio.timeout(10):
            while self.rekey.committable(tp, epoch) != offset:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)


def event(shopper: str, number: int = 0) -> ShopperEvent:
    return ShopperEvent(
        event_id=f"{shopper}-{number}", shopper_id=shopper, action="view", time_ms=1_700_000_000_000 + number
    )


def click(offset: int, shopper: str) -> Read:
    return Read(offset, encode(event(shopper, offset)), b"some order")


def batch(tp: TP, epoch: int, records: Sequence[Any]) -> RecordBatch:
    return RecordBatch(tp.topic, tp.partition, epoch, records)


async def test_events_go_out_in_order_under_their_shoppers() -> None:
    """Whatever key they had, with the time that Kafka had given them; a row of another dialect too."""
    scene = Scene()
    row = b"2019-10-01 00:00:00 UTC,cart,44600062,2103807459595387724,electronics.phone,acme,35.79,541312140,72d76fde"
    async with scene.running():
        await scene.rekey.take(batch(CLICKS, 1, [click(5, "ada"), click(6, "bob"), click(7, "ada")]))
        await scene.rekey.take(batch(SHOP, 2, [Read(0, row)]))
    assert scene.target.records[:3] == [
        Keyed(b"ada", encode(event("ada", 5)), 1_700_000_000_007),
        Keyed(b"bob", encode(event("bob", 6)), 1_700_000_000_007),
        Keyed(b"ada", encode(event("ada", 7)), 1_700_000_000_007),
    ]
    assert scene.target.records[3].key == b"541312140"
    assert scene.rekey.tally.read == 4


async def test_an_offset_is_committed_when_the_broker_has_what_was_made_of_it() -> None:
    """Until then a restart reads it again."""
    scene = Scene()
    async with scene.running():
        await scene.rekey.take(batch(CLICKS, 1, [click(5, "ada"), click(6, "bob")]))
        assert scene.rekey.committable(CLICKS, 1) == 5
        assert scene.rekey.busy(CLICKS)
        assert scene.rekey.tally.written == 0
        scene.target.open.set()
        await scene.committed(CLICKS, 1, 7)
        assert not scene.rekey.busy(CLICKS)
        assert scene.rekey.reached(CLICKS) == 7
        assert scene.rekey.tally.written == 2


async def test_bad_records_go_to_the_dead_letters_and_hold_the_commit_for_their_window() -> None:
    """As the worker's do, wherever they stand in a batch."""
    scene = Scene()
    scene.target.open.set()
    async with scene.running():
        records = [Read(5, b"{}", b"k"), click(6, "ada"), Read(7, None), click(8, "bob"), Read(9, b"[")]
        await scene.rekey.take(batch(CLICKS, 1, records))
        await scene.committed(CLICKS, 1, 10)
    assert [(letter.topic, letter.partition, letter.offset, letter.reason) for letter in scene.letters.letters] == [
        ("clicks", 0, 5, "schema"),
        ("clicks", 0, 7, "empty"),
        ("clicks", 0, 9, "json"),
    ]
    assert (scene.rekey.tally.read, scene.rekey.tally.written, scene.rekey.tally.refused) == (5, 2, 3)


async def test_too_many_bad_records_stop_it() -> None:
    """A topic in another dialect is not drained into the dead letters."""
    scene = Scene(limit=LimitRules(limit_share=0.5, window_s=3_600.0, min_events=10))
    with pytest.raises(DeadLetterLimit):
        await scene.rekey.take(batch(CLICKS, 1, [Read(n, b"a,b,c") for n in range(10)]))
    assert scene.letters.letters == []
    assert scene.rekey.committable(CLICKS, 1) is None


async def test_records_that_hold_nothing_are_covered() -> None:
    """A header of CSV is no event and no fault."""
    scene = Scene()
    header = b"event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
    async with scene.running():
        await scene.rekey.take(batch(SHOP, 2, [Read(0, header)]))
        await scene.committed(SHOP, 2, 1)
    assert scene.target.records == []


WORK = [place for place in places(["agents.rekey.rekey"]) if ".drain:" not in place and ":with " not in place]


@pytest.mark.parametrize("error", [KeyError("odd"), asyncio.CancelledError()])
@pytest.mark.parametrize("place", WORK)
async def test_an_exception_anywhere_is_heard_and_loses_nothing(place: str, error: BaseException) -> None:
    """Going on would put later records before earlier ones: it ends, also by a cancellation that nobody asked for, and
    the next one begins with what was not acknowledged."""
    scene, raiser = Scene(), Raiser(place, error, before=True)
    scene.target.open.set()
    with raising(["agents.rekey.rekey"], raiser):
        running = asyncio.ensure_future(scene.rekey.run())
        taking = asyncio.ensure_future(
            scene.rekey.take(batch(CLICKS, 1, [click(5, "ada"), Read(6, b"{}"), click(7, "b")]))
        )
        await asyncio.wait([running, taking], timeout=1.0, return_when=asyncio.FIRST_EXCEPTION)
        assert raiser.raised == 1
        raiser.disarm()
        assert [task for task in (running, taking) if task.done() and (task.cancelled() or task.exception())]
        for task in (running, taking):
            task.cancel()
        await asyncio.gather(running, taking, return_exceptions=True)
    uncovered = scene.rekey.committable(CLICKS, 1)
    assert uncovered in (None, 5) or (uncovered == 6 and len(scene.target.records) == 2)


async def test_a_target_that_is_away_stops_it() -> None:
    """Going on would put later records before earlier ones."""
    scene = Scene()
    scene.target.away = True
    scene.target.open.set()
    await scene.rekey.take(batch(CLICKS, 1, [click(5, "ada")]))
    with pytest.raises(ExceptionGroup) as raised:
        await scene.rekey.run()
    assert raised.group_contains(BrokerUnavailable)
    assert scene.rekey.committable(CLICKS, 1) == 5


async def test_only_so_much_is_under_way() -> None:
    """Then taking waits, and with it the fetching."""
    scene = Scene()
    shoppers = [click(n, "ada") for n in range((IN_FLIGHT + 5) * SLICE)]
    async with scene.running():
        async with asyncio.TaskGroup() as tasks:
            taking = tasks.create_task(scene.rekey.take(batch(CLICKS, 1, shoppers)))
            for _ in range(10 * IN_FLIGHT):
                await asyncio.sleep(0)
            assert not taking.done()
            assert (
                len(scene.target.records) == (IN_FLIGHT + 2) * SLICE
            )  # one is being waited for, one waits for a place
            scene.target.open.set()
        await scene.committed(CLICKS, 1, len(shoppers))


async def test_an_epoch_that_ended_is_nobodys() -> None:
    """Its batches are not taken, and nothing is committed for it."""
    scene = Scene()
    scene.rekey.revoked(CLICKS)
    await scene.rekey.take(batch(CLICKS, 1, [click(5, "ada")]))
    scene.rekey.assigned(CLICKS, 4)
    await scene.rekey.take(batch(CLICKS, 1, [click(5, "ada")]))
    assert scene.target.records == []
    assert scene.rekey.committable(CLICKS, 1) is scene.rekey.committable(CLICKS, 4) is None
    assert set(scene.rekey.assignment()) == {CLICKS, SHOP}


async def test_draining_waits_for_what_is_under_way_and_no_longer_than_told() -> None:
    """At a rebalance, and at the end."""
    scene = Scene()
    async with scene.running():
        await scene.rekey.take(batch(CLICKS, 1, [click(5, "ada")]))
        await scene.rekey.drain(0.01)
        assert scene.rekey.busy(CLICKS)
        scene.target.open.set()
        await scene.rekey.drain(10)
        assert not scene.rekey.busy(CLICKS)
