"""Enrich: the Faust agent's work. Batches in; sessions, calls and intents in between; committable offsets out."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from agents.backlog import Backlog
from agents.dispatch import Dispatch
from agents.eviction import EvictionRules, evict
from agents.ingest import Ingest
from agents.meter import Meter
from agents.parking import Parking
from agents.partition import Partition
from agents.recall import Recall
from agents.refusals import Refusals
from storage.checkpoints import Incarnation
from streams.batches import TP, RecordBatch
from streams.errors import StoreUnavailable

log = structlog.get_logger()


class Log(Protocol):
    """The port to the log that batches come from: hold a partition back, or read it again from its committed offset."""

    def pause(self, tps: Iterable[TP]) -> None: ...

    def resume(self, tps: Iterable[TP]) -> None: ...

    def rewind(self, tps: Iterable[TP] | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class UpkeepRules:
    """How often upkeep looks, and the bounds that pause partitions."""

    every_s: float = 0.05
    incarnation_every_s: float = 1.0
    store_retry_s: float = 0.5
    max_span: int = 200_000
    max_sessions: int = 1_000_000
    commit_lag_s: float = 10.0
    recall_every_s: float = 30.0
    eviction: EvictionRules = field(default_factory=EvictionRules)


class Enrichment:
    """One worker's share of the topic. It is the ledger that the transport asks (streams.batches.Offsets)."""

    def __init__(
        self,
        backlog: Backlog,
        ingest: Ingest,
        recall: Recall,
        parking: Parking,
        dispatch: Dispatch,
        refusals: Refusals,
        incarnation: Incarnation,
        rules: UpkeepRules,
        meter: Meter,
    ) -> None:
        self._backlog, self._ingest, self._recall, self._parking = backlog, ingest, recall, parking
        self._dispatch, self._refusals, self._incarnation = dispatch, refusals, incarnation
        self._rules, self.meter = rules, meter
        self._partitions: dict[TP, Partition] = {}
        self._paused: set[TP] = set()
        self._known_incarnation: str | None = None
        self._alive_s = float("-inf")
        self._log: Log | None = None
        self.store_away = False

    def attach(self, log: Log) -> None:
        """Where batches come from; the log and the ledger know each other, so one of them comes later."""
        self._log = log

    def assignment(self) -> Collection[TP]:
        """The partitions that are ours now."""
        return list(self._partitions)

    @property
    def settled(self) -> bool:
        """Nothing that was received still waits for a call or a write."""
        return all(
            not partition.held
            and partition.ledger.head() is None
            and all(who.clean for who in partition.shoppers.values())
            for partition in self._partitions.values()
        )

    # What the transport tells and asks

    def assigned(self, tp: TP, epoch: int) -> None:
        """A partition is ours from now on."""
        self._partitions[tp] = Partition(tp.partition, epoch, self._rules.commit_lag_s)

    def revoked(self, tp: TP) -> None:
        """A partition's epoch has ended; its sessions go, since its next owner may be somebody else."""
        partition = self._partitions.pop(tp, None)
        self._paused.discard(tp)
        if partition is not None:
            for shopper in partition.shoppers.values():
                self._backlog.drop(shopper)
            partition.end()
            self._backlog.compact()
            self._dispatch.abandon(partition)

    def committable(self, tp: TP, epoch: int) -> int | None:
        """Where to read first after a restart, as far as this epoch knows."""
        partition = self._partitions.get(tp)
        if partition is None or partition.epoch != epoch:
            return None
        return partition.ledger.committable(_now(), self._alive_s)

    async def drain(self, tps: Collection[TP], bound_s: float) -> None:
        """Finish the calls under way for these partitions, within the bound."""
        await self._dispatch.drain([self._partitions[tp] for tp in tps if tp in self._partitions], bound_s)

    # What the agent does

    async def take(self, batch: RecordBatch) -> None:
        """Take in a batch. While the store cannot be read, batches are held and their partition is paused."""
        partition = self._partitions.get(batch.tp)
        if partition is None or partition.epoch != batch.epoch:
            return
        partition.held.append(batch)
        if batch.tp not in self._paused:
            await self._take_held(batch.tp, partition)

    async def _take_held(self, tp: TP, partition: Partition) -> None:
        if partition.taking:
            return
        partition.taking = True
        try:
            while partition.held and not partition.ended:
                await self._ingest.batch(partition, tp.topic, partition.held[0].records)
                if not partition.ended:
                    partition.held.popleft()
                self._dispatch.nudge()
        except StoreUnavailable:
            self.meter.store_failures += 1
            self._pause(tp)
        finally:
            partition.taking = False

    # What goes on beside

    async def run(self) -> None:
        """Serve the backlog and keep house until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._dispatch.run())
            tasks.create_task(self._keep_house())
            tasks.create_task(self._watch_store())

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(self._rules.every_s)
            self._refusals.settle(_now())
            await self._parking.quiet()
            for tp, partition in list(self._partitions.items()):
                if not partition.ended:
                    await self._look_after(tp, partition)

    async def _look_after(self, tp: TP, partition: Partition) -> None:
        if partition.stale:
            self._rewind([tp])
            return
        await self._parking.heads(partition)
        if partition.ended:
            return
        evict(partition, _now(), self._rules.eviction, self._sessions())
        full = partition.ledger.span() >= self._rules.max_span or self._sessions() >= self._rules.max_sessions
        if full:
            self._pause(tp)
        elif tp in self._paused and not partition.held:
            self._paused.discard(tp)
            if self._log is not None:
                self._log.resume([tp])

    async def _watch_store(self) -> None:
        """Notice a store that came back as another one, and go on with what waited for it."""
        while True:
            try:
                await self._look_at_incarnation()
                for tp, partition in list(self._partitions.items()):
                    await self._catch_up(tp, partition)
            except StoreUnavailable as error:
                self.meter.store_failures += 1
                self._note_store(error)
            else:
                self._note_store(None)
            await asyncio.sleep(self._rules.store_retry_s)

    def _note_store(self, error: StoreUnavailable | None) -> None:
        if error is not None and not self.store_away:
            log.warning("store.away", error=str(error), then="intents wait, and nothing is committed past them")
        if error is None and self.store_away:
            log.info("store.back", then="what waited is written now")
        self.store_away = error is not None

    async def _look_at_incarnation(self) -> None:
        asked_s = _now()
        incarnation = await self._incarnation.incarnation()
        if incarnation != self._known_incarnation:
            # The first answer too: what was written before it may have gone to an earlier store.
            if self._known_incarnation is not None:
                log.warning(
                    "store.changed", then="sessions are loaded anew and events read again from the committed offsets"
                )
            self._rewind(list(self._partitions))
        self._known_incarnation, self._alive_s = incarnation, asked_s

    async def _catch_up(self, tp: TP, partition: Partition) -> None:
        if partition.ended:
            return
        if partition.recall_s <= _now():
            await self._recall.owed(partition, _now(), self.committable(tp, partition.epoch))
            partition.recall_s = _now() + self._rules.recall_every_s
            self._dispatch.nudge()
        if partition.held:
            await self._take_held(tp, partition)

    def _rewind(self, tps: Collection[TP]) -> None:
        if self._log is not None:
            self._log.rewind(tps)

    def _pause(self, tp: TP) -> None:
        if tp not in self._paused and self._log is not None:
            self._paused.add(tp)
            self._log.pause([tp])

    def _sessions(self) -> int:
        return sum(len(partition.shoppers) for partition in self._partitions.values())


def _now() -> float:
    return asyncio.get_running_loop().time()
