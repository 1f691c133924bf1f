"""Rekey: topics of any dialect become one topic of canonical events, keyed by shopper.

Records go out in the order of their source partition, through one idempotent producer. A source offset is covered when
the broker has acknowledged what was made of it, so after a crash some are sent again, and none is missing.
"""

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog

from agents.worker.partition import Partition
from agents.worker.refusals import Refusals
from streams.cancellation import heard
from streams.events.decoding import Decoded, Record, Refusal, encode
from streams.events.dialects import Dialect
from streams.events.event import ShopperEvent
from streams.kafka.batches import TP, RecordBatch
from streams.sessions.ledger import Ticket

log = structlog.get_logger()

IN_FLIGHT = 16
"""Slices that may wait for the broker at once: memory, and what is sent again after a crash."""

SLICE = 250
"""Records decoded at once, so that nobody else waits for long."""

SETTLE_S = 0.1


class Keyed(NamedTuple):
    """A record for the target topic."""

    key: bytes
    value: bytes
    timestamp_ms: int


class Target(Protocol):
    """The port to the target topic. `send` returns when the records are in line, `acknowledged` when the broker has
    what `send` returned. Both raise BrokerUnavailable, after which nothing may be sent any more."""

    async def send(self, records: Sequence[Keyed]) -> Sequence[Awaitable[object]]: ...

    async def acknowledged(self, sent: Sequence[Awaitable[object]]) -> None: ...


@dataclass(slots=True)
class RekeyCounts:
    """What was done: records read, events written and acknowledged, those ignored for what they are, events left out as
    sensitive, records refused,
    and those that retention deleted before they were read."""

    read: int = 0
    written: int = 0
    ignored: int = 0
    withheld: int = 0
    refused: int = 0
    expired: int = 0


class _Sent(NamedTuple):
    records: Sequence[Awaitable[object]]
    ticket: Ticket


class Rekey:
    """One process's share of the source topics, and the ledger of its transport (streams.kafka.batches.Offsets)."""

    def __init__(self, dialects: Mapping[str, Dialect], target: Target, refusals: Refusals) -> None:
        self._dialects, self._target, self._refusals = dialects, target, refusals
        self._partitions: dict[TP, Partition] = {}
        self._sent: asyncio.Queue[_Sent] = asyncio.Queue(IN_FLIGHT)
        self.tally = RekeyCounts()

    def assigned(self, tp: TP, epoch: int) -> None:
        """A partition is ours from now on."""
        self._partitions[tp] = Partition(tp.partition, epoch, commit_lag_s=0.0)

    def revoked(self, tp: TP) -> None:
        """A partition's epoch has ended."""
        if partition := self._partitions.pop(tp, None):
            partition.end()

    def expired(self, tp: TP, first: int, end: int) -> None:
        """Retention has deleted records before we read them."""
        self.tally.expired += end - first
        where = {"topic": tp.topic, "partition": tp.partition}
        log.error("records.expired", first=first, last=end - 1, records=end - first, **where)

    def committable(self, tp: TP, epoch: int) -> int | None:
        """Where to read first after a restart."""
        partition = self._partitions.get(tp)
        if partition is None or partition.epoch != epoch:
            return None
        return partition.ledger.committable(_now())

    def busy(self, tp: TP) -> bool:
        """Whether something of this partition is neither written nor refused for good."""
        partition = self._partitions.get(tp)
        return partition is not None and partition.ledger.head() is not None

    def reached(self, tp: TP) -> int | None:
        """Everything of this partition before this offset is written or refused for good; None before we know."""
        partition = self._partitions.get(tp)
        return None if partition is None else partition.ledger.uncovered()

    def assignment(self) -> Collection[TP]:
        """The partitions that are ours now."""
        return list(self._partitions)

    async def drain(self, bound_s: float) -> None:
        """Wait for what is under way, within a bound."""
        try:
            async with asyncio.timeout(bound_s):
                await self._sent.join()
        except TimeoutError:
            return  # it is sent again by whoever has the partition next

    async def take(self, batch: RecordBatch) -> None:
        """Send on what a batch holds. Waits while too much is under way; raises DeadLetterLimit, BrokerUnavailable."""
        partition = self._partitions.get(batch.tp)
        if partition is None or partition.epoch != batch.epoch:
            return
        for first in range(0, len(batch.records), SLICE):
            await self._take(partition, batch.topic, batch.records[first : first + SLICE])

    async def _take(self, partition: Partition, topic: str, records: Sequence[Record]) -> None:
        await self._refusals.room()
        if partition.ended:
            return
        decoded = self._dialects[topic].decode(records)
        self._refusals.count(len(records) - len(decoded.refused), len(decoded.refused), _now())
        ticket, refused = _owe(partition, decoded)
        partition.ledger.received(records[-1].offset)
        self.tally.read += len(records)
        self.tally.ignored += decoded.ignored + decoded.without_consent + decoded.minors
        self.tally.withheld += decoded.withheld
        if ticket is not None:
            sent = await self._target.send([_keyed(event, at_ms) for _, at_ms, event in decoded.events])
            await self._sent.put(_Sent(sent, ticket))
        if refused:
            self._refusals.add(partition, topic, refused)
            self.tally.refused += len(refused)

    async def run(self) -> None:
        """Settle what was acknowledged, in order, until cancelled; raises BrokerUnavailable."""
        async with asyncio.TaskGroup() as tasks:
            for settling in (self._settle_sent(), self._settle_refused(), self._refusals.run()):
                tasks.create_task(heard(settling))

    async def _settle_sent(self) -> None:
        while True:
            sent = await self._sent.get()
            await self._target.acknowledged(sent.records)
            sent.ticket.settle()
            self.tally.written += len(sent.records)
            self._sent.task_done()

    async def _settle_refused(self) -> None:
        while True:
            self._refusals.settle(_now())
            await asyncio.sleep(SETTLE_S)


def _owe(partition: Partition, decoded: Decoded) -> tuple[Ticket | None, Sequence[tuple[Refusal, Ticket]]]:
    """One ticket for all events of a slice, at the first, and one for each refusal, in the order of offsets."""
    owed: list[tuple[int, Refusal | None]] = [(refusal.offset, refusal) for refusal in decoded.refused]
    if decoded.events:
        owed.append((decoded.events[0][0], None))
    now_s = _now()
    ticket: Ticket | None = None
    refused: list[tuple[Refusal, Ticket]] = []
    for offset, refusal in sorted(owed, key=lambda pair: pair[0]):
        held = partition.ledger.owe(offset, None, now_s)
        if refusal is None:
            ticket = held
        else:
            refused.append((refusal, held))
    return ticket, refused


def _keyed(event: ShopperEvent, timestamp_ms: int) -> Keyed:
    return Keyed(event.shopper_id.encode(), encode(event), timestamp_ms)


def _now() -> float:
    return asyncio.get_running_loop().time()
