"""Erasures that come while an answer is awaited: whoever waited asks again whether the shopper is still there."""

import asyncio

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.erasures import Erasures
from agents.worker.ingest import Ingest
from agents.worker.ingest_share import IngestCpuShare
from agents.worker.parking import Parking
from agents.worker.partition import Partition
from agents.worker.recall import Recall
from agents.worker.refusals import Refusals
from agents.worker.slices import SliceRules
from streams.events.decoding import Decoder, encode
from streams.events.event import ShopperEvent
from streams.kafka.batches import TP
from streams.records.dead_letters import LimitRules
from streams.records.erasures import Erasure
from streams.sessions.session import SessionRules
from streams.sessions.triggers import TriggerRules
from tests.agents.desk import EPOCH_MS, Gate, desk
from tests.agents.worker.test_ingest import NullDeadLetterSender, Record
from tests.fakes.erasure_topic import MemoryErasures
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn
from tests.fakes.store import MemoryStore

HERE = TP("events", 0)


class SlowStore(MemoryStore):
    """A store whose answers wait while `open` is not set."""

    def __init__(self) -> None:
        super().__init__(lambda: 0, self._wait)
        self.open = asyncio.Event()
        self.open.set()

    async def _wait(self) -> None:
        await asyncio.sleep(0)
        await self.open.wait()


def record(offset: int, shopper: str) -> Record:
    event = ShopperEvent(f"e{offset}", shopper, "search", EPOCH_MS + offset, query="kettle")
    return Record(offset, encode(event), shopper.encode(), EPOCH_MS + offset)


async def test_an_erasure_while_others_are_loaded_breaks_nothing() -> None:
    """The shopper of the same slice who was known, and is no more, is loaded once more; the event from before counts
    for nothing, that from after does."""
    store, meter, topic = SlowStore(), Meter(), MemoryErasures()
    backlog, home = Backlog(TriggerRules(), BacklogRules()), Partition(0, 1, 0.0)
    erasures = Erasures(store, store, 0, topic)
    erasures.attach({HERE: home}, backlog)
    recall = Recall(store, store, backlog, 0, erased=erasures.of)
    refusals = Refusals(NullDeadLetterSender(), LimitRules(), meter)
    ingest = Ingest(
        backlog,
        recall,
        refusals,
        meter,
        decoder=Decoder(),
        session=SessionRules(),
        slices=SliceRules(),
        ingest_share=IngestCpuShare(),
    )
    await erasures.catch_up()
    await ingest.batch(home, "events", [record(0, "ada")])
    store.open.clear()
    taking = asyncio.create_task(ingest.batch(home, "events", [record(1, "ada"), record(2, "bob"), record(3, "ada")]))
    await asyncio.sleep(0.01)
    topic.records.append(Erasure("ada", 7, 0, (2,)))
    hearing = asyncio.create_task(erasures.catch_up())
    await asyncio.sleep(0.01)
    store.open.set()
    await asyncio.gather(taking, hearing)
    assert list(home.shoppers["ada"].session.event_ids) == ["e3"]
    assert list(home.shoppers["bob"].session.event_ids) == ["e2"]
    assert meter.erased == 1


async def test_who_is_parked_while_erased_is_not_asked_about_again() -> None:
    """What was to be put back is not: nothing of the shopper is owed, in memory or stored, and no model hears of it."""
    asked: list[str] = []

    def say(call: object) -> Turn:
        asked.append(str(call))
        return Turn(("x",), 0.05)

    model = ScriptedModel(say, name="m")
    gate = Gate(model, 0)  # no place is free, so that the head is parked though owed
    async with desk(model, gate, targets=BacklogRules(freshness_target_s=60.0, park_after_s=0.01)) as at:
        topic = MemoryErasures()
        erasures = Erasures(at.store, at.store, 0, topic)
        erasures.attach({HERE: at.partition}, at.backlog, at.dispatch)
        checkpoints = at.dispatch._checkpoints
        park = Parking(at.backlog, at.store, at.store, checkpoints, 8, at.meter)
        at.view("ada")
        owed = at.partition.shoppers["ada"].owed
        assert owed is not None
        owed.ticket = at.partition.ledger.owe(1, at.partition.shoppers["ada"], 0.0)
        at.partition.ledger.received(1)
        await asyncio.sleep(0.05)

        async def way() -> None:
            await asyncio.sleep(0.02)

        at.store.way = way
        parking = asyncio.create_task(park.park_head_of_line(at.partition))
        await asyncio.sleep(0.05)  # the mark is made, the context is being written
        topic.records.append(Erasure("ada", 7, 0, (2,)))
        await erasures.catch_up()
        await parking
        assert "ada" not in at.partition.shoppers
        assert len(at.backlog) == 0
        gate.widen(1)
        await asyncio.sleep(0.5)
        assert not asked
        assert at.store.intent("ada") is None
        assert at.partition.ledger.uncovered() == 2
