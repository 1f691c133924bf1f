"""Ingest: record batches become folded sessions and owed work, in slices short enough for calls to run in between."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.boundary import judge
from agents.worker.hot_shoppers import HotShoppers
from agents.worker.ingest_share import IngestCpuShare
from agents.worker.partition import Partition
from agents.worker.recall import Recall
from agents.worker.refusals import Refusals
from agents.worker.slices import SliceRules, Slices
from streams.events.decoding import Decoded, Record
from streams.events.dialects import Dialect
from streams.events.event import ShopperEvent
from streams.kafka.batches import TP
from streams.sessions.session import DUPLICATE, LATE, MEANINGFUL, QUIET, REPEATED, Folded, Session, SessionRules, fold

FEW_S = 0.0005
"""Of work, so little that nobody need have a turn after it; what it adds up to counts."""

Entered = Callable[[Partition, ShopperEvent, Session], None]
"""Hears of each event that has entered a session of a partition, before anything else happens to it."""


class Ingest:
    """Takes in batches; `batch` is never run twice at once for a partition. Those of several partitions load side by
    side, and take turns for the rest: about a slice in a turn of the loop, and one rest after it."""

    def __init__(
        self,
        backlog: Backlog,
        recall: Recall,
        refusals: Refusals,
        meter: Meter,
        *,
        decoder: Dialect,
        session: SessionRules,
        slices: SliceRules,
        ingest_share: IngestCpuShare,
        readable_after_ms: Callable[[], int] = lambda: -1,
        entered: Sequence[Entered] = (),
    ) -> None:
        self._backlog, self._recall, self._refusals, self._meter = backlog, recall, refusals, meter
        self._session, self._slices = session, Slices(decoder, slices, meter)
        self._ingest_share, self._hot = ingest_share, HotShoppers(meter)
        self._readable_after_ms, self._readable_ms = readable_after_ms, -1
        self._entered = entered
        self._working = asyncio.Lock()
        self._gap_ms = round(session.gap_s * 1e3)
        self._spoiled: defaultdict[TP, set[int]] = defaultdict(set)

    async def batch(self, partition: Partition, topic: str, records: Sequence[Record]) -> None:
        """Take in records. Raises StoreUnavailable when sessions cannot be loaded, BrokerUnavailable
        when no more refused records can wait: the slices before are done, and `partition.ledger.next_offset` says where
        to go on."""
        spoiled = self._spoiled[TP(topic, partition.number)]
        portions = self._slices.portions(records, partition.ledger.next_offset or 0)
        clock = self._ingest_share.cpu_s
        while portions:
            await self._refusals.room()
            async with self._working:
                began_s = clock()
                decoded, last_offset = await self._slices.first(portions, spoiled)
                self._hot.see(decoded.events)
                decoded_s = clock()
            reach = {event.shopper_id: offset for offset, _, event in decoded.events}
            await self._recall.known(partition, reach)
            await self._recall.unpack(partition, reach)
            async with self._working:
                if not reach.keys() <= partition.shoppers.keys():  # evicted or erased, while this waited for its turn
                    await self._recall.known(partition, reach)
                if partition.ended:
                    return
                known_s = clock()
                self._refusals.count(len(decoded.events), len(decoded.refused), _now())
                self._fold(partition, topic, decoded, last_offset)
                if partition.stale:
                    return
                await self._breathe(decoded_s - began_s + clock() - known_s)

    def _fold(self, partition: Partition, topic: str, decoded: Decoded, last_offset: int) -> None:
        now_s, self._readable_ms = _now(), self._readable_after_ms()
        if partition.marked or partition.opted_out:
            self._forget(partition, decoded)
        ledger = partition.ledger
        refused = [(refusal, refusal.offset) for refusal in decoded.refused]
        held = []
        taken = -1
        for offset, timestamp_ms, event in decoded.events:
            while refused and refused[0][1] < offset:
                held.append((refused[0][0], ledger.owe(refused.pop(0)[1], None, now_s)))
            try:
                if self._event(partition, event, offset, timestamp_ms, now_s, follows=offset == taken):
                    taken = offset
            except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the worker
                judge(error, "record", self._meter)
                self._spoil(TP(topic, partition.number), partition, event.shopper_id, offset)
                return
        held += [(refusal, ledger.owe(offset, None, now_s)) for refusal, offset in refused]
        ledger.received(last_offset)
        self._meter.events += len(decoded.events)
        self._meter.ignored += decoded.ignored
        self._meter.without_consent += decoded.without_consent
        self._meter.items_dropped += decoded.items_dropped
        self._meter.consents_unread += decoded.consents_unread
        self._meter.minors += decoded.minors
        self._meter.withheld += decoded.withheld
        self._meter.sensitive.update(decoded.sensitive)
        if held:
            self._refusals.add(partition, topic, held)

    def _spoil(self, tp: TP, partition: Partition, shopper_id: str, offset: int) -> None:
        """Our code failed at an event, and may have left its session half changed. The partition is read again from
        what is stored, and the record is refused then."""
        self._spoiled[tp].add(offset)
        partition.stale = partition.stale or "fault"
        shopper = partition.shoppers.pop(shopper_id)
        shopper.end()
        self._backlog.drop(shopper)

    def _event(
        self, partition: Partition, event: ShopperEvent, offset: int, timestamp_ms: int, now_s: float, *, follows: bool
    ) -> bool:
        """Fold an event; whether the session had not seen its record before. `follows`: nor had it, of the same one."""
        shopper = partition.shoppers[event.shopper_id]
        if shopper.packed and offset <= shopper.folded and not follows:  # else it would be unpacked for nothing
            shopper.unchanged = offset
            self._meter.repeated += 1
            return False
        session = shopper.session
        # The shopper is new, or so old that a context may have stood there that has expired (docs/guarantees.md).
        self._meter.contexts_missed += session.folded < 0 and event.time_ms <= self._readable_ms + self._gap_ms
        began_ms = session.origin_ms
        outcome = fold(session, event, offset, timestamp_ms, self._session, follows=follows)
        if outcome < QUIET:
            shopper.unchanged = offset
            self._count_unchanged(outcome)
            return outcome is not REPEATED
        for hear in self._entered:
            hear(partition, event, session)
        readable = shopper.session.last_ms > self._readable_ms
        if shopper.readable_ms != 0 and not follows and session.origin_ms == began_ms:
            readable_ms, modelled_ms = shopper.readable_ms, shopper.modelled_ms
            self._meter.in_time.note(timestamp_ms, readable_ms, modelled_ms, left_out=shopper.left_out)
        shopper.readable_ms = shopper.modelled_ms = None if outcome is MEANINGFUL and readable else 0
        call = outcome is MEANINGFUL and readable
        owed = self._backlog.note(shopper, now_s, action=event.action, call=call, appended_ms=timestamp_ms)
        if outcome is MEANINGFUL and not readable:
            owed.expired = True
            partition.note_expired(shopper.session.last_ms)
        if owed.ticket is None or not owed.ticket.open:
            owed.ticket = partition.ledger.owe(offset, shopper, now_s)
        return True

    def _forget(self, partition: Partition, decoded: Decoded) -> None:
        """Leave out what shoppers did before they were erased, and all that those do who opted out."""
        lineage, shoppers, opted_out = self._recall.lineage, partition.shoppers, partition.opted_out
        kept = []
        for offset, timestamp_ms, event in decoded.events:
            if event.shopper_id in opted_out:
                self._meter.opted_out += 1
                continue
            erasure = shoppers[event.shopper_id].marker
            if erasure is not None and erasure.covers(lineage, partition.number, offset, timestamp_ms):
                self._meter.erased += 1
                continue
            kept.append((offset, timestamp_ms, event))
        decoded.events[:] = kept

    def _count_unchanged(self, outcome: Folded) -> None:
        self._meter.repeated += outcome is REPEATED
        self._meter.duplicates += outcome is DUPLICATE
        self._meter.late += outcome is LATE

    async def _breathe(self, slice_s: float) -> None:
        """Let others run; while calls are due, for as long as keeps ingest within its share. Not after each few events:
        the partitions of one poll would wait a turn of the loop for each other, and their batches stand in a queue."""
        rest_s = self._ingest_share.worked(slice_s, urgent=self._backlog.urgent)
        if rest_s > 0 or not 0 < slice_s < FEW_S:  # without a clock each slice counts
            await asyncio.sleep(rest_s if self._backlog.waiting() else 0.0)


def _now() -> float:
    return asyncio.get_running_loop().time()
