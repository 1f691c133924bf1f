"""Recall: sessions that this worker does not hold are loaded from the store on first touch."""

from collections.abc import Collection

from agents.backlog import Backlog
from agents.partition import Partition
from agents.shoppers import Owed, Shopper
from storage.checkpoints import CheckpointStore, Context, Erased, OwedStore
from streams.errors import LineageMismatch
from streams.packing import load

CHUNK = 512
"""Contexts asked for in one pipeline: half a megabyte of answers."""


class Recall:
    """Loads contexts as found, absent or failed; failed raises StoreUnavailable and is never taken for absent."""

    def __init__(self, contexts: CheckpointStore, owed: OwedStore, backlog: Backlog, lineage: int) -> None:
        self._contexts, self._owed, self._backlog, self._lineage = contexts, owed, backlog, lineage

    async def known(self, partition: Partition, shopper_ids: Collection[str]) -> None:
        """See to it that all of these are in the partition's memory."""
        unknown = [shopper_id for shopper_id in shopper_ids if shopper_id not in partition.shoppers]
        for first in range(0, len(unknown), CHUNK):
            chunk = unknown[first : first + CHUNK]
            found = await self._contexts.load(chunk)
            if partition.ended:
                return
            for shopper_id, context in zip(chunk, found, strict=True):
                self._enter(partition, shopper_id, context)

    async def owed(self, partition: Partition, now_s: float) -> int:
        """Owe again what an earlier owner parked though owed; returns how many shoppers that were."""
        shopper_ids = await self._owed.owed(partition.number)
        await self.known(partition, shopper_ids)
        if partition.ended:
            return 0
        gone = [shopper_id for shopper_id in shopper_ids if partition.shoppers[shopper_id].session.folded < 0]
        for shopper_id in shopper_ids:
            self._owe(partition.shoppers[shopper_id], now_s)
        if gone:
            await self._owed.settle(partition.number, gone)
        return len(shopper_ids) - len(gone)

    def _owe(self, shopper: Shopper, now_s: float) -> None:
        if shopper.session.folded < 0 or shopper.running is not None:
            return
        shopper.marked = True
        last_ms = shopper.session.last_ms
        self._backlog.owe(shopper, Owed(first_s=now_s, last_s=now_s, appended_ms=last_ms, call=True, upgrade=True))

    def _enter(self, partition: Partition, shopper_id: str, context: Context | Erased | None) -> None:
        if shopper_id in partition.shoppers:
            return
        shopper = partition.shoppers[shopper_id] = Shopper(shopper_id, partition)
        if context is None:
            return
        shopper.erasure = context.erasure
        if isinstance(context, Erased):
            return
        session = load(context.session)
        if context.position.lineage == self._lineage and context.partition == partition.number:
            shopper.adopt(session)
        elif context.position.lineage < self._lineage:
            session.folded = session.durable = (
                session.meaningful
            ) = -1  # offsets of another log mean nothing in this one
            shopper.adopt(session)
        else:
            raise lineage_mismatch(context, partition.number, self._lineage)


def lineage_mismatch(context: Context, partition: int, lineage: int) -> LineageMismatch:
    """The stop for a context that was written for another log than the one we read."""
    message = (
        f"a stored context belongs to lineage {context.position.lineage}, partition {context.partition}, "
        f"but it is read in lineage {lineage}, partition {partition}: the topic was re-created or re-partitioned"
    )
    return LineageMismatch(
        message, f"raise `lineage` in the settings to {context.position.lineage + 1} on every worker"
    )
