"""Replay: one partition's log once more, with event time for a clock, into sessions and intents of their own."""

import asyncio
from collections.abc import Sequence
from functools import partial

from agents.replay.calls import ReplayCalls
from agents.worker.backlog import Backlog
from agents.worker.boundary import judge
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.partition import Partition
from agents.worker.recall import Recall
from agents.worker.shoppers import Shopper
from agents.worker.slices import decoded_apart
from storage.checkpoints import CheckpointStore, Verdict, Write
from streams.errors import LineageMismatch, StoreUnavailable
from streams.events.decoding import Record
from streams.events.dialects import Dialect
from streams.events.event import ShopperEvent
from streams.retrying import retrying
from streams.sessions.session import MEANINGFUL, QUIET, REPEATED, SessionRules, fold

CHUNK = 128
"""Sessions parked in one pipeline."""

AGAIN_S = 0.5


class PartitionReplay:
    """Feed it records in their order, then `finish`. The watermark is the latest event time so far: a shopper is due
    when it passes what the triggers say, as if the shop had waited for it.

    `partition.ledger.uncovered()` is where to go on after a crash.
    """

    def __init__(
        self,
        partition: Partition,
        backlog: Backlog,
        recall: Recall,
        dialect: Dialect,
        session: SessionRules,
        store: CheckpointStore,
        checkpoints: Checkpoints,
        calls: ReplayCalls,
        most_sessions: int = 200_000,
    ) -> None:
        self.partition, self._backlog, self._recall, self._dialect = partition, backlog, recall, dialect
        self._session, self._store, self._checkpoints, self._calls = session, store, checkpoints, calls
        self._most_sessions = most_sessions
        self._watermark_s = float("-inf")
        self._taken = -1
        self._left_out: set[str] = set()
        self._running = 0
        self._idle = asyncio.Event()

    async def take(self, records: Sequence[Record]) -> None:
        """Fold records, and begin what falls due on the way. Raises StoreUnavailable, with the records before done."""
        tally, partition = self._calls.tally, self.partition
        decoded = decoded_apart(self._dialect, records, tally)
        decoded.events[:] = [entry for entry in decoded.events if entry[2].shopper_id not in self._left_out]
        await self._recall.known(partition, dict.fromkeys(event.shopper_id for _, _, event in decoded.events))
        tally.records += len(records)
        tally.refused += len(decoded.refused)
        tally.withheld += decoded.withheld
        for offset, timestamp_ms, event in decoded.events:
            if offset != self._taken:  # nothing is stored in the midst of a record of several events
                await self._advance(self._session.capped_ms(event.time_ms, timestamp_ms) / 1e3)
                await self._recall.known(partition, [event.shopper_id])  # who may have gone meanwhile
            if event.shopper_id not in self._left_out:
                self._fold(event, offset, timestamp_ms)
        if records:
            partition.ledger.received(records[-1].offset)
        self._make_room()

    async def finish(self) -> None:
        """The range has ended: whatever is owed is due. Returns when all of it is stored."""
        while len(self._backlog) or self._running:
            await self._advance(float("inf"))
            if self._running:
                self._idle.clear()
                await self._idle.wait()

    def _fold(self, event: ShopperEvent, offset: int, timestamp_ms: int) -> None:
        partition, tally = self.partition, self._calls.tally
        shopper = partition.shoppers.get(event.shopper_id)
        if shopper is None:
            tally.opted_out += 1
            return
        erasure = shopper.marker
        if erasure is not None and erasure.covers(self._recall.lineage, partition.number, offset, timestamp_ms):
            tally.erased += 1
            return
        follows = offset == self._taken
        try:
            outcome = fold(shopper.session, event, offset, timestamp_ms, self._session, follows=follows)
        except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the replay
            judge(error, "record", tally)
            self._leave_out(shopper)
            return
        if outcome is not REPEATED:
            self._taken = offset
        if outcome < QUIET:
            return
        tally.events += 1
        owed = self._backlog.note(
            shopper, self._watermark_s, action=event.action, call=outcome is MEANINGFUL, appended_ms=timestamp_ms
        )
        if owed.ticket is None or not owed.ticket.open:
            owed.ticket = partition.ledger.owe(offset, shopper, self._watermark_s)

    def _leave_out(self, shopper: Shopper) -> None:
        """An event has left the session half changed: what is stored of it stays, and nothing is added to that."""
        self._left_out.add(shopper.id)
        self._calls.tally.left_out += 1
        for owed in (shopper.owed, shopper.running):
            if owed is not None:
                owed.settle()
        shopper.end()
        self._backlog.drop(shopper)
        del self.partition.shoppers[shopper.id]

    async def _advance(self, now_s: float) -> None:
        """Begin the calls that are due by now, and park who is due without one."""
        self._watermark_s = max(self._watermark_s, now_s)
        while (shopper := self._backlog.next(self._watermark_s)) is not None or self._backlog.unfinished:
            if shopper is None:
                continue
            self._running += 1
            checkpoint = self._checkpoints.take(shopper)
            await self._calls.begin(shopper.session, checkpoint, partial(self._served, shopper, checkpoint))
        quiet = [who for who in self._backlog.quiet(self._watermark_s) if who.owed is not None and not who.owed.call]
        for first in range(0, len(quiet), CHUNK):
            await self._park(quiet[first : first + CHUNK])

    def _served(self, shopper: Shopper, checkpoint: Checkpoint, verdict: Verdict) -> None:
        self._running -= 1
        self._settle(shopper, checkpoint, verdict)
        self._idle.set()

    async def _park(self, shoppers: Sequence[Shopper]) -> None:
        for shopper in shoppers:
            self._backlog.take(shopper)
        taken = [self._checkpoints.take(each) for each in shoppers]
        writes = [self._checkpoints.write(each, owed=False) for each in taken]
        verdicts: Sequence[Verdict] = await retrying(StoreUnavailable, AGAIN_S)(self._stored, writes)
        for shopper, checkpoint, verdict in zip(shoppers, taken, verdicts, strict=True):
            self._calls.tally.parked += verdict is Verdict.ACCEPTED
            self._settle(shopper, checkpoint, verdict)

    async def _stored(self, writes: Sequence[Write]) -> Sequence[Verdict]:
        """What became of all of them. StoreUnavailable while that is not decided; what was stored already is then
        covered."""
        verdicts = await self._store.write(writes)
        if Verdict.UNDECIDED in verdicts:
            raise StoreUnavailable("a part of the store does not say what became of a write")
        return verdicts

    def _settle(self, shopper: Shopper, checkpoint: Checkpoint, verdict: Verdict) -> None:
        """The store has the session now, or something newer, which is then loaded with the shopper's next event."""
        if verdict is Verdict.LINEAGE:
            message = f"{shopper.id} is stored under another lineage or partition"
            raise LineageMismatch(message, "replay into a namespace that no other topic was replayed into")
        if shopper.ended:
            return  # erased meanwhile, and dropped
        if shopper.running is not None:
            shopper.running.settle()
        shopper.session.durable = checkpoint.position.offset
        self._backlog.done(shopper)
        if verdict in (Verdict.STALE, Verdict.ERASED):
            if shopper.owed is not None:
                shopper.owed.settle()
            self._backlog.drop(shopper)
            self.partition.shoppers.pop(shopper.id, None)

    def _make_room(self) -> None:
        """Drop who is stored and owed nothing once there are too many; the next event loads them."""
        shoppers = self.partition.shoppers
        if len(shoppers) > self._most_sessions:
            for shopper_id in [name for name, shopper in shoppers.items() if shopper.clean]:
                del shoppers[shopper_id]
