"""Recall: sessions that this worker does not hold are loaded from the store on first touch."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import TypeGuard

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.owed_set import name, read, remember
from agents.worker.partition import Partition
from agents.worker.shoppers import Owed, Shopper
from agents.worker.stored_sessions import StoredSessions
from agents.worker.write_verdicts import bump_remedy
from storage.checkpoints import CheckpointStore, Context, Erased, OwedStore
from streams.errors import ContextCorrupt, LineageMismatch, StoreUnavailable
from streams.records.erasures import Erasure
from streams.sessions.positions import Position

CHUNK = 512
"""Contexts asked for in one pipeline: half a megabyte of answers."""

ENTERED = 128
"""Sessions entered in one turn of the loop, by all partitions that load side by side: about a millisecond."""

UNPACKED = 32
"""Sessions unpacked in one turn of the loop, by all partitions together: a few milliseconds."""

LATE = 2_048
"""While more wait in the late class, whose marks were read among them, nobody is loaded for a mark: about two seconds
of calls. An owner who died leaves as many marks as shoppers, and what is to be taken in comes first."""


class Recall:
    """Loads contexts as found, absent or failed; failed raises StoreUnavailable and is never taken for absent.

    `erased` tells a shopper's last erasure. Where the store knows of an earlier one, or of none, that is noted in
    `Partition.untold` and the load has failed: the store is told first (agents/worker/erasures.py).
    """

    def __init__(
        self,
        contexts: CheckpointStore,
        owed: OwedStore,
        backlog: Backlog,
        lineage: int,
        starts: Sequence[int] = (),
        erased: Callable[[str], Erasure | None] = lambda _: None,
        meter: Meter | None = None,
    ) -> None:
        self._sessions = StoredSessions(meter or Meter())
        self._contexts, self._owed, self._backlog = contexts, owed, backlog
        self.lineage, self._starts, self._erased = lineage, starts, erased
        self._entering = asyncio.Lock()

    async def known(self, partition: Partition, shopper_ids: Collection[str]) -> None:
        """See to it that all of these are in the partition's memory, but for those who opted out.

        None of them is evicted before this returns; who is erased meanwhile is loaded once more.
        """
        wanted = frozenset(shopper_ids)
        partition.wanted.append(wanted)
        partition.trim()
        try:
            while not partition.ended and (unknown := _unknown(partition, shopper_ids)):
                await self._load(partition, unknown[:CHUNK])
        finally:
            partition.wanted.remove(wanted)

    async def unpack(self, partition: Partition, reach: Mapping[str, int]) -> None:
        """Unpack the sessions that are held as bytes and end before these offsets, some in a turn of the loop: a slice
        may bring hundreds of them, and each takes as long as twenty events."""
        packed = [who for each, offset in reach.items() if (who := _packed(partition, each)) and who.folded < offset]
        for first in range(0, len(packed), UNPACKED):
            async with self._entering:
                for shopper in packed[first : first + UNPACKED]:
                    with suppress(ContextCorrupt):  # the fold comes upon it, and refuses that record alone
                        shopper.unpack()
                await asyncio.sleep(0)

    async def _load(self, partition: Partition, chunk: Sequence[str]) -> None:
        found = await self._contexts.load(chunk)
        # Before a session is in memory: once it is, its events may be covered, and then only the mark owes the call.
        await self._mark_again(partition, found)
        for first in range(0, len(chunk), ENTERED):
            async with self._entering:
                if partition.ended:
                    return  # the next epoch loads its own: these may be older than what another worker has stored since
                self._enter_some(partition, chunk[first : first + ENTERED], found[first : first + ENTERED])
                if first + ENTERED <= len(chunk):
                    await asyncio.sleep(0)

    def _enter_some(self, partition: Partition, chunk: Sequence[str], found: Sequence[Context | Erased | None]) -> None:
        # A context whose erasure the store has lost would bring the shopper back: the store is told first.
        lost = [erasure for each, context in zip(chunk, found, strict=True) if (erasure := self._lost(each, context))]
        if lost:
            partition.untold |= {erasure.shopper: erasure for erasure in lost}
            raise StoreUnavailable(f"Redis has lost {len(lost)} erasures, or has not heard of them yet")
        for shopper_id, context in zip(chunk, found, strict=True):
            self._enter(partition, shopper_id, context)

    def _lost(self, shopper_id: str, context: Context | Erased | None) -> Erasure | None:
        """What the store has not heard of, or has lost: by what we know, or by what the context itself says."""
        erasure = self._erased(shopper_id)
        if erasure is not None and erasure.number > (context.erasure if context is not None else 0):
            return erasure
        return context.marker if isinstance(context, Context) and context.lost else None

    async def _mark_again(self, partition: Partition, found: Sequence[Context | Erased | None]) -> None:
        """A store that failed over between a mark and what was stored after it has the one without the other."""
        owed = [name(each.shopper, each.position) for each in found if self._is_owed(each, partition)]
        if owed and not partition.ended:
            await self._owed.owe(partition.number, owed)

    def _is_owed(self, context: Context | Erased | None, partition: Partition) -> TypeGuard[Context]:
        if not isinstance(context, Context) or not context.owed:
            return False
        return (context.position.lineage, context.partition) == (self.lineage, partition.number)

    def room(self) -> int:
        """How many shoppers may be loaded now for their marks' sake."""
        return LATE - self._backlog.late

    async def owed(self, partition: Partition, now_s: float, safe: int | None, room: int = LATE) -> int:
        """Owe again what was parked though owed, by an earlier owner or by one who does not know yet that it is one.
        Returns how many were loaded for it, at most `room`. `partition.unread` are the marks that are left for the next
        time.

        Below `safe` all is stored for good: a mark from there whose session is absent is of one that has expired. One
        of an earlier lineage names an offset of another log: its call is made with the shopper's next event.
        """
        loaded = 0
        if room > 0 and not partition.unread:
            partition.unread = await self._owed.owed(partition.number)
        while loaded < room and partition.unread and not partition.ended:
            some = partition.unread[-min(CHUNK, room - loaded) :]
            loaded += await self._owed_of(partition, some, now_s, safe)
            del partition.unread[-len(some) :]
            await asyncio.sleep(0)
        return loaded

    async def _owed_of(self, partition: Partition, names: Sequence[str], now_s: float, safe: int | None) -> int:
        marks = read(partition.number, names)
        shoppers = list(dict.fromkeys(shopper_id for shopper_id, _ in marks))
        unknown = len(_unknown(partition, shoppers))
        await self.known(partition, shoppers)
        if partition.ended:
            return unknown
        if gone := [name(*mark) for mark in marks if not self._again(partition, *mark, now_s, safe)]:
            await self._owed.settle(partition.number, gone)
        return unknown

    def _again(self, partition: Partition, shopper_id: str, mark: Position, now_s: float, safe: int | None) -> bool:
        """Owe again what is marked there; False when nothing can come of it."""
        shopper = partition.shoppers.get(shopper_id)
        if shopper is None:
            return False  # opted out
        if shopper.marker is not None and shopper.marker.reaches(mark.lineage, partition.number, mark.offset):
            return False  # erased since
        expired = shopper.folded < 0 and safe is not None and mark.offset < safe
        if expired or mark.lineage < self.lineage or mark.offset <= shopper.answered:
            return False
        remember(shopper, mark)
        if shopper.folded >= mark.offset:
            self._owe(shopper, now_s)
        return True

    def _owe(self, shopper: Shopper, now_s: float) -> None:
        """Unless a call is owed or runs already. Its session includes what is marked."""
        if any(owed is not None and owed.call for owed in (shopper.owed, shopper.running)):
            return
        self._backlog.add(shopper, Owed(first_s=now_s, last_s=now_s, call=True, upgrade=True))

    def _enter(self, partition: Partition, shopper_id: str, context: Context | Erased | None) -> None:
        if shopper_id in partition.shoppers:
            return
        marker = context.marker if context is not None else None
        if marker is not None and marker.opted_out:
            partition.opted_out[shopper_id] = None
            return
        shopper = partition.shoppers[shopper_id] = Shopper(shopper_id, partition)
        shopper.touched_s = asyncio.get_running_loop().time()
        if context is None:
            return
        shopper.erasure, shopper.marker = context.erasure, marker
        partition.marked |= marker is not None
        if isinstance(context, Erased):
            return
        stored = self._sessions.of(context)
        lineage = context.position.lineage
        if lineage == self.lineage and context.partition == partition.number:
            shopper.adopt(stored)
            shopper.stored_owed = context.owed
            if context.owed:
                remember(shopper, context.position)
                self._owe(shopper, shopper.touched_s)
        elif lineage < self.lineage or (lineage == self.lineage and self._moving(partition, context)):
            # Offsets of another log mean nothing in this one.
            session = stored.open()
            session.folded = session.durable = session.meaningful = -1
            shopper.adopt(session)
        else:
            raise lineage_mismatch(context, partition.number, self.lineage)

    def _moving(self, partition: Partition, context: Context) -> bool:
        """Whether one of the two partitions still holds what the shopper left there when others were added.

        Most of it was folded before, and changes nothing; the store refuses what would.
        """
        here = (partition.number, partition.ledger.next_offset or 0)
        there = (context.partition, context.position.offset)
        return any(number < len(self._starts) and offset < self._starts[number] for number, offset in (here, there))


def _packed(partition: Partition, shopper_id: str) -> Shopper | None:
    shopper = partition.shoppers.get(shopper_id)
    return shopper if shopper is not None and shopper.packed else None


def _unknown(partition: Partition, shopper_ids: Collection[str]) -> list[str]:
    shoppers, opted_out = partition.shoppers, partition.opted_out
    return [shopper_id for shopper_id in shopper_ids if shopper_id not in shoppers and shopper_id not in opted_out]


def lineage_mismatch(context: Context, partition: int, lineage: int) -> LineageMismatch:
    """The stop for a context that was written for another log than the one we read."""
    message = (
        f"a stored context belongs to lineage {context.position.lineage}, partition {context.partition}, "
        f"but it is read in lineage {lineage}, partition {partition}: the topic was re-created or re-partitioned"
    )
    return LineageMismatch(message, bump_remedy(f" --to {context.position.lineage + 1}"))
