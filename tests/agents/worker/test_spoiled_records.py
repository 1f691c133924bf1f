"""Events that our own code fails at: their record is refused, and nothing of them stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.ingest import Ingest
from agents.worker.ingest_share import IngestCpuShare
from agents.worker.partition import Partition
from agents.worker.recall import Recall
from agents.worker.refusals import Refusals
from agents.worker.slices import SliceRules
from streams.events.decoding import encode
from streams.events.dialects import dialect
from streams.events.event import Item, ShopperEvent
from streams.records.dead_letters import DeadLetter, LimitRules
from streams.sessions.session import SessionRules
from streams.sessions.triggers import TriggerRules
from tests.fakes.store import MemoryStore
from tests.simulation.odd_decoder import OddDecoder

START_MS = 1_700_000_000_000


@dataclass(frozen=True)
class Record:
    offset: int
    value: bytes
    key: bytes = b"ada"
    timestamp: int = START_MS + 10_000
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Unasked:
    """Is never asked to send."""

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        raise AssertionError(letters)


def view(offset: int, event_id: str) -> Record:
    """A record of one event."""
    event = ShopperEvent(event_id, "ada", "view", START_MS + offset, (Item("kettle"),))
    return Record(offset, encode(event))


def ingest_of(meter: Meter) -> tuple[Ingest, Refusals]:
    """A worker's ingest, whose decoder makes a mistake at events with odd ids."""
    store, backlog = MemoryStore(lambda: 0), Backlog(TriggerRules(), BacklogRules())
    refusals, recall = Refusals(Unasked(), LimitRules(), meter), Recall(store, store, backlog, lineage=0)
    ingest = Ingest(
        backlog, recall, refusals, meter, decoder=OddDecoder(dialect("native", keyed=True)), session=SessionRules(),
        slices=SliceRules(), ingest_share=IngestCpuShare(),
    )  # fmt: skip
    return ingest, refusals


async def test_what_our_code_fails_at_is_refused_when_it_is_read_again() -> None:
    """The first time its session may be half changed: it goes, nothing is committed past it, and all is read again.
    Then the record is refused alone, and the others fold as if it had never been."""
    meter = Meter()
    ingest, refusals = ingest_of(meter)
    records = [view(0, "first"), view(1, "odd-one"), view(2, "last")]
    partition = Partition(0, epoch=1, commit_lag_s=0.0)
    await ingest.batch(partition, "shop", records)
    assert partition.stale == "fault"
    assert "ada" not in partition.shoppers
    assert partition.ledger.uncovered() == 0
    assert meter.faults == {("record", "AttributeError"): 1}

    partition = Partition(0, epoch=2, commit_lag_s=0.0)
    await ingest.batch(partition, "shop", records)
    assert partition.stale is None
    assert refusals.waiting == 1
    assert partition.shoppers["ada"].session.event_ids == ["first", "last"]
    assert partition.shoppers["ada"].session.events == 2
    assert meter.faults.total() == 1
