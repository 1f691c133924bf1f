"""Ingest of records that hold several events: all of them fold, at one offset, and none of them twice."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import pytest

from agents.health.snapshot import Held
from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.eviction import EvictionRules, evict
from agents.worker.ingest import Ingest
from agents.worker.ingest_share import IngestCpuShare
from agents.worker.partition import Partition
from agents.worker.recall import UNPACKED, Recall
from agents.worker.refusals import Refusals
from agents.worker.shoppers import Shopper
from agents.worker.slices import SliceRules
from storage.checkpoints import Context, Write
from streams.events.decoding import Decoded
from streams.events.decoding import Record as KafkaRecord
from streams.events.dialects import DialectName, dialect
from streams.records.dead_letters import DeadLetter, LimitRules
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, SessionRules
from streams.sessions.triggers import TriggerRules
from tests.fakes.store import MemoryStore
from tests.until import until

SECOND_MS = 1_000
EPOCH_MS = 1_700_000_000_000


class NullDeadLetterSender:
    """Nothing is refused here."""

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        raise AssertionError(letters)


@dataclass(frozen=True)
class Record:
    """A record of one session of OTTO's."""

    offset: int
    value: bytes
    key: bytes = b"12"
    timestamp: int = EPOCH_MS + 10_000
    headers: tuple[tuple[str, bytes | None], ...] = ()


def record(offset: int, *articles: int) -> Record:
    events = [{"aid": article, "ts": EPOCH_MS + article * SECOND_MS, "type": "clicks"} for article in articles]
    return Record(offset, orjson.dumps({"session": 12, "events": events}))


async def taken(
    *records: Record, store: MemoryStore | None = None, spoken: DialectName = "otto"
) -> tuple[Session, Meter]:
    """The session and the counts after these records."""
    shopper, meter = await read(*records, store=store, spoken=spoken)
    return shopper.session, meter


async def read(
    *records: Record, store: MemoryStore | None = None, spoken: DialectName = "otto"
) -> tuple[Shopper, Meter]:
    """The shopper and the counts after these records."""
    store, meter = store or MemoryStore(lambda: 0), Meter()
    backlog, partition = Backlog(TriggerRules(), BacklogRules()), Partition(0, epoch=1, commit_lag_s=0.0)
    recall, refusals = Recall(store, store, backlog, lineage=0), Refusals(NullDeadLetterSender(), LimitRules(), meter)
    decoder = dialect(spoken, keyed=True)
    ingest = Ingest(
        backlog, recall, refusals, meter, decoder=decoder, session=SessionRules(), slices=SliceRules(),
        ingest_share=IngestCpuShare(),
    )  # fmt: skip
    await ingest.batch(partition, "shop", records)
    return partition.shoppers["12"], meter


async def test_every_event_of_a_record_folds() -> None:
    """In their order; what is in the window already is a duplicate, wherever it stands."""
    session, meter = await taken(record(3, 1, 2, 3), record(4, 3, 4), record(5, 4))
    assert [row.item and row.item.id for row in session.rows()] == ["1", "2", "3", "4"]
    assert session.folded == 4
    assert (meter.events, meter.duplicates, meter.repeated) == (6, 2, 0)


async def test_a_record_that_the_store_has_seen_changes_nothing() -> None:
    """None of its events, also when they have left the window since; the next record folds."""
    store = MemoryStore(lambda: 0)
    before, _ = await taken(record(3, 1, 2), record(4, 3, 4))
    before.event_ids[:] = ["a", "b", "c", "d"]  # as if others had taken their places
    await store.write([Write(Context("12", Position(0, 4, 0), 0, "w:1", dump(before)), 10**14)])
    session, meter = await taken(record(3, 1, 2), record(4, 3, 4), record(5, 5, 6), store=store)
    assert [row.item and row.item.id for row in session.rows()] == ["1", "2", "3", "4", "5", "6"]
    assert (meter.repeated, meter.duplicates) == (4, 0)


@pytest.mark.parametrize("owed", [False, True])
async def test_what_the_store_has_seen_unpacks_no_session(*, owed: bool) -> None:
    """A restart reads many events again: of one up to the stored offset that offset says all, of the next one not."""
    store = MemoryStore(lambda: 0)
    before, _ = await taken(record(3, 1, 2), record(4, 3, 4))
    await store.write([Write(Context("12", Position(0, 4, 0), 0, "w:1", dump(before), owed=owed), 10**14)])
    shopper, meter = await read(record(3, 1, 2), record(4, 3, 4), store=store)
    assert shopper.packed
    assert (shopper.folded, shopper.unchanged, meter.repeated) == (4, 4, 4)
    shopper, meter = await read(record(4, 3, 4), record(5, 4, 5), store=store)
    assert not shopper.packed
    assert (shopper.folded, shopper.session.durable, meter.repeated, meter.duplicates) == (5, 4, 2, 1)


async def test_what_is_ignored_is_counted() -> None:
    """And covered: its offset is taken in."""
    search = {"name": "search", "params": {"search_term": "x"}}
    request = {"client_id": "12", "timestamp_micros": EPOCH_MS * 1_000, "events": [{"name": "login"}, search]}
    session, meter = await taken(Record(3, orjson.dumps(request)), spoken="auto")
    assert (session.height, meter.events, meter.ignored) == (1, 1, 1)


class Failing:
    """Fails at one value, whatever comes with it."""

    def __init__(self, bad: bytes) -> None:
        self._bad, self._dialect = bad, dialect("otto", keyed=True)

    def decode(self, records: Sequence[KafkaRecord]) -> Decoded:
        if any(record.value == self._bad for record in records):
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "in a header's name")
        return self._dialect.decode(records)


class Kept:
    """Keeps what is refused."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        self.letters += letters
        return {}


async def test_a_record_that_our_code_fails_at_is_refused_alone() -> None:
    """Those beside it fold; it goes to the dead letters like any other bad one."""
    bad, kept, meter = b"what nobody expects", Kept(), Meter()
    store, backlog = MemoryStore(lambda: 0), Backlog(TriggerRules(), BacklogRules())
    partition, refusals = Partition(0, epoch=1, commit_lag_s=0.0), Refusals(kept, LimitRules(), meter)
    recall = Recall(store, store, backlog, lineage=0)
    ingest = Ingest(
        backlog,
        recall,
        refusals,
        meter,
        decoder=Failing(bad),
        session=SessionRules(),
        slices=SliceRules(),
        ingest_share=IngestCpuShare(),
    )
    await ingest.batch(partition, "shop", [record(3, 1), Record(4, bad), record(5, 2)])
    assert partition.shoppers["12"].folded == 5
    assert refusals.waiting == 1
    sending = asyncio.create_task(refusals.run())
    await until(lambda: not refusals.waiting)
    sending.cancel()
    assert [(letter.offset, letter.reason) for letter in kept.letters] == [(4, "fault")]
    assert meter.faults == {("record", "UnicodeDecodeError"): 2}


async def test_an_intent_is_in_time_if_it_can_be_read_before_the_next_event() -> None:
    """By the time at which the topic took that event, however late it is read; a quiet event asks for none, and events
    of one record are one."""
    meter, store = Meter(), MemoryStore(lambda: 0)
    backlog, partition = Backlog(TriggerRules(), BacklogRules()), Partition(0, epoch=1, commit_lag_s=0.0)
    ingest = Ingest(
        backlog, Recall(store, store, backlog, lineage=0), Refusals(NullDeadLetterSender(), LimitRules(), meter), meter,
        decoder=dialect("native", keyed=True), session=SessionRules(), slices=SliceRules(),
        ingest_share=IngestCpuShare(),
    )  # fmt: skip

    async def comes(offset: int, at_s: int, action: str = "view") -> None:
        at_ms = EPOCH_MS + at_s * SECOND_MS
        event = {"event_id": f"e{offset}", "shopper_id": "ada", "action": action, "time_ms": at_ms}
        await ingest.batch(partition, "shop", [Record(offset, orjson.dumps(event), b"ada", at_ms)])

    def readable(offset: int, at_s: int, *, modelled: bool = True) -> None:
        shopper.read(Position(0, offset, 0), EPOCH_MS + at_s * SECOND_MS, modelled=modelled)

    await comes(0, 0)
    shopper = partition.shoppers["ada"]
    readable(0, 5)
    await comes(1, 6)  # in time, by the model
    readable(0, 7)  # of the event before: says nothing of this one
    await comes(2, 10)  # late
    readable(2, 15, modelled=False)
    readable(2, 25)
    await comes(3, 20)  # in time by the rules; the model was too late
    readable(3, 31)
    await comes(4, 30, "list_view")  # late, though it was readable when the next event was read
    await comes(5, 40)  # after a quiet one
    readable(5, 41)
    await comes(6, 4_000)  # another session
    assert (meter.in_time.followed, meter.in_time.by_any, meter.in_time.by_model) == (4, 2, 1)
    assert meter.in_time.shares() == {"any": 0.5, "model": 0.25}


async def test_packed_sessions_are_unpacked_before_the_fold_a_few_a_turn() -> None:
    """A slice may be of hundreds of shoppers who were quiet until now."""
    store, meter = MemoryStore(lambda: 0), Meter()
    backlog, partition = Backlog(TriggerRules(), BacklogRules()), Partition(0, epoch=1, commit_lag_s=0.0)
    recall, refusals = Recall(store, store, backlog, lineage=0), Refusals(NullDeadLetterSender(), LimitRules(), meter)
    ingest = Ingest(
        backlog, recall, refusals, meter, decoder=dialect("otto", keyed=True), session=SessionRules(),
        slices=SliceRules(decode_s=60.0), ingest_share=IngestCpuShare(),
    )  # fmt: skip
    shoppers = range(1, 3 * UNPACKED + 1)
    for who in shoppers:
        shopper = partition.shoppers[str(who)] = Shopper(str(who), partition)
        shopper.pack()
    click = {"aid": 1, "ts": EPOCH_MS + SECOND_MS, "type": "clicks"}
    values = [orjson.dumps({"session": who, "events": [click]}) for who in shoppers]
    records = [Record(who, value, str(who).encode()) for who, value in zip(shoppers, values, strict=True)]
    taking, grown = asyncio.create_task(ingest.batch(partition, "shop", records)), [0]
    while not taking.done():
        before = sum(shopper.packed for shopper in partition.shoppers.values())
        await asyncio.sleep(0)
        grown.append(before - sum(shopper.packed for shopper in partition.shoppers.values()))
    await taking
    assert (sum(grown), max(grown)) == (3 * UNPACKED, UNPACKED)


async def test_who_goes_before_the_fold_is_loaded_once_more() -> None:
    """In a crowd a shopper may be evicted after the slice's shoppers were looked for, while others are unpacked."""
    store, meter = MemoryStore(lambda: 0), Meter()
    backlog, partition = Backlog(TriggerRules(), BacklogRules()), Partition(0, epoch=1, commit_lag_s=0.0)
    recall, refusals = Recall(store, store, backlog, lineage=0), Refusals(NullDeadLetterSender(), LimitRules(), meter)
    ingest = Ingest(
        backlog, recall, refusals, meter, decoder=dialect("otto", keyed=True), session=SessionRules(),
        slices=SliceRules(), ingest_share=IngestCpuShare(),
    )  # fmt: skip
    shopper = partition.shoppers["12"] = Shopper("12", partition)
    shopper.pack()
    taking = asyncio.create_task(ingest.batch(partition, "shop", [record(3, 1)]))
    await asyncio.sleep(0)
    rules = EvictionRules(most=0)
    for _ in range(2):  # the first look begins the walk
        evict(partition, asyncio.get_running_loop().time(), rules, Held(1, 0, 0), safe=3)
    assert not partition.shoppers
    await taking
    assert partition.shoppers["12"].folded == 3
    assert not meter.faults
