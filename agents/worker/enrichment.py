"""Enrich: the Faust agent's work. Batches in; sessions, calls and intents in between; committable offsets out."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

import structlog

from agents.health.snapshot import Held
from agents.health.statistics import Meter
from agents.worker.assignment import Cause
from agents.worker.backlog import Backlog
from agents.worker.departures import Departures
from agents.worker.dispatch import Dispatch
from agents.worker.eviction import evict, holdings
from agents.worker.ingest import Ingest
from agents.worker.parking import Parking
from agents.worker.partition import Partition
from agents.worker.recall import Recall
from agents.worker.refusals import Refusals
from agents.worker.rewinds import Rewinds
from agents.worker.store_watch import StoreWatch
from agents.worker.upkeep import UpkeepRules
from storage.checkpoints import Incarnation
from streams.cancellation import heard
from streams.errors import BrokerUnavailable, Stop, StoreUnavailable
from streams.kafka.batches import TP, RecordBatch
from streams.sessions.ledger import CommitRules

log = structlog.get_logger()


class Log(Protocol):
    """The port to the log that batches come from: hold a partition back, or read it again from its committed offset."""

    def pause(self, tps: Iterable[TP]) -> None: ...

    def resume(self, tps: Iterable[TP]) -> None: ...

    def rewind(self, tps: Iterable[TP] | None = None) -> None: ...


class Enrichment:
    """One worker's share of the topic. It is the ledger that the transport asks (streams.kafka.batches.Offsets)."""

    def __init__(
        self,
        backlog: Backlog,
        ingest: Ingest,
        recall: Recall,
        parking: Parking,
        dispatch: Dispatch,
        refusals: Refusals,
        incarnation: Incarnation,
        commit: CommitRules,
        upkeep: UpkeepRules,
        meter: Meter,
    ) -> None:
        self._backlog, self._ingest, self._recall, self._parking = backlog, ingest, recall, parking
        self._dispatch, self._refusals = dispatch, refusals
        self._commit, self._upkeep, self.meter = commit, upkeep, meter
        self._rewinds = Rewinds(meter)
        self._partitions: dict[TP, Partition] = {}
        self._departures = Departures(backlog)
        self.paused: set[TP] = set()
        self.store = StoreWatch(incarnation, meter)
        self._log: Log | None = None
        self._rounds = 0
        self.halted: Callable[[], bool] = lambda: False  # by operators
        self.heard_s: Callable[[], float] = lambda: float("inf")  # of erasures

    def attach(self, log: Log) -> None:
        """Where batches come from; the log and the ledger know each other, so one of them comes later."""
        self._log = log

    @property
    def partitions(self) -> Mapping[TP, Partition]:
        """The partitions that are ours now."""
        return self._partitions

    def held(self) -> Held:
        """The sessions in memory."""
        return sum(map(holdings, self._partitions.values()), Held())

    @property
    def settled(self) -> bool:
        """Nothing that was received still waits for a call or a write."""
        return all(partition.settled for partition in self._partitions.values())

    # What the transport tells and asks

    def assigned(self, tp: TP, epoch: int) -> None:
        """A partition is ours from now on."""
        partition = self._partitions[tp] = Partition(tp.partition, epoch, self._commit.lag_s)
        partition.carried = self._rewinds.carried(tp)

    def revoked(self, tp: TP) -> None:
        """A partition's epoch has ended; its sessions go, since its next owner may be somebody else."""
        partition = self._partitions.pop(tp, None)
        self.paused.discard(tp)
        if partition is not None:
            self._departures.add(partition)
            self._dispatch.abandon(partition)

    def expired(self, tp: TP, first: int, end: int) -> None:
        """Retention has deleted events before we read them."""
        self.meter.records_expired += end - first
        remedy = "raise retention.ms of the topic, or add workers; `penchant doctor` compares retention and lag"
        where = {"topic": tp.topic, "partition": tp.partition}
        log.error("records.expired", first=first, last=end - 1, records=end - first, remedy=remedy, **where)

    def committable(self, tp: TP, epoch: int) -> int | None:
        """Where to read first after a restart, as far as this epoch knows."""
        partition = self._partitions.get(tp)
        if partition is None or partition.epoch != epoch:
            return None
        return partition.ledger.committable(_now(), min(self.store.alive_s, self.heard_s()))

    async def drain(self, tps: Collection[TP], bound_s: float) -> None:
        """Finish the calls under way for these partitions, within the bound."""
        await self._dispatch.drain([self._partitions[tp] for tp in tps if tp in self._partitions], bound_s)

    # What the agent does

    async def take(self, batch: RecordBatch) -> None:
        """Take in a batch. While the store cannot be read, too many dead letters wait, or operators have paused,
        batches are held and their partition is paused."""
        partition = self._partitions.get(batch.tp)
        if partition is None or partition.epoch != batch.epoch:
            return
        partition.hold(batch, _now())
        if self.halted():
            self._pause(batch.tp)  # now, and not in the next round: a partition assigned just now is read at full speed
        elif batch.tp not in self.paused:
            await self._take_held(batch.tp, partition)

    async def _take_held(self, tp: TP, partition: Partition) -> None:
        if partition.taking:
            return
        partition.taking = True
        try:
            # What a poll still brings after operators have paused waits with the rest.
            while partition.held and not (partition.ended or partition.stale or self.halted()):
                await self._ingest.batch(partition, tp.topic, partition.held[0].records)
                partition.release(_now())
                self._dispatch.nudge()
        except (StoreUnavailable, BrokerUnavailable) as error:
            self.meter.store_failures += isinstance(error, StoreUnavailable)
            if not partition.ended:  # else it is the next epoch's partition that would be paused, and nobody resume it
                self._pause(tp)
        except Stop:
            partition.held.clear()  # the worker ends, and what it cannot take is not tried a second time
            raise
        finally:
            partition.taking = False

    # What goes on beside

    async def run(self) -> None:
        """Serve the backlog and keep house until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            loops = (self._dispatch.run(), self._refusals.run(), self._keep_house(), self._watch_store())
            for running in loops:
                tasks.create_task(heard(running))

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(self._upkeep.every_s)
            self._refusals.settle(_now())
            await self._departures.free()
            await self._parking.quiet()
            held = self.held()
            for tp, partition in list(self._partitions.items()):
                if not partition.ended:
                    await self._look_after(tp, partition, held)
                await asyncio.sleep(0)  # each packs sessions, and there may be many of them

    async def _look_after(self, tp: TP, partition: Partition, held: Held) -> None:
        if partition.stale:
            if self._rewinds.due(tp, partition, _now()):
                self._rewind([tp], partition.stale)
            else:
                self._pause(tp)
            return
        self._hold_back(tp, partition, held)
        safe = self.committable(tp, partition.epoch)
        evict(partition, _now(), self._upkeep.eviction, held, safe=safe, partitions=len(self._partitions))
        await self._parking.park_head_of_line(partition)

    def _hold_back(self, tp: TP, partition: Partition, held: Held) -> None:
        """Read no more of a partition while too much is held; go on when nothing fetched before waits any more."""
        rules = self._backlog.rules
        full = self.halted() or held.sessions >= rules.max_sessions or held.size_bytes >= rules.max_bytes
        if full or partition.ledger.span() >= rules.max_span:
            self._pause(tp)
        elif tp in self.paused and not partition.held:
            self.paused.discard(tp)
            if self._log is not None:
                self._log.resume([tp])

    async def _watch_store(self) -> None:
        """Notice a store that came back as another one, and go on with what waited for it."""
        while True:
            with self.store.noting():
                await self.look_at_store()
                for tp, partition in list(self._partitions.items()):
                    if partition.held:
                        await self._take_held(tp, partition)
                await self._load_owed()  # last: one partition whose marks cannot be loaded ends the round
            await asyncio.sleep(self._upkeep.store_retry_s)

    async def look_at_store(self) -> None:
        """See whether it is still the same. Best done once before the first batch, which is otherwise read twice."""
        await self.store.look(_now, lambda: self._rewind(list(self._partitions), "store"))

    async def _load_owed(self) -> None:
        """Load those who are marked as owed, if there is room for them: of each partition an equal part of what is
        left, another one first each time. After a crash each has as many as it has shoppers."""
        self._rounds += 1
        due = [(tp, each) for tp, each in self._partitions.items() if each.recall_s <= _now()]
        first, room = self._rounds % max(len(due), 1), self._recall.room()
        for left, (tp, partition) in zip(range(len(due), 0, -1), due[first:] + due[:first], strict=True):
            if room > 0 and not partition.ended:
                safe = self.committable(tp, partition.epoch)
                room -= await self._recall.owed(partition, _now(), safe, -(-room // left))
                if not partition.unread:
                    partition.recall_s = _now() + self._upkeep.recall_every_s
                self._dispatch.nudge()

    def _rewind(self, tps: Collection[TP], cause: Cause) -> None:
        if self._log is None:
            return
        for tp in tps:
            self._rewinds.begin(tp, self._partitions[tp], cause, _now())
        self._log.rewind(tps)
        self._rewinds.end()

    def _pause(self, tp: TP) -> None:
        if tp not in self.paused and self._log is not None:
            self.paused.add(tp)
            self._log.pause([tp])


def _now() -> float:
    return asyncio.get_running_loop().time()
