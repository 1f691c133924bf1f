"""Erasures: whom to forget in the store, in memory, in calls under way, and in what is read again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import structlog

from agents.worker.backlog import Backlog
from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper
from storage.checkpoints import Incarnation
from storage.erasures import ErasureStore
from streams.kafka.batches import TP
from streams.records.erasures import Erasure

CHUNK = 256
"""Shoppers forgotten in one round trip."""

log = structlog.get_logger()


class Calls(Protocol):
    """The port to the calls under way (agents/worker/dispatch.py)."""

    def forget(self, shopper: Shopper) -> None: ...


class Erasures:
    """Knows every erasure of the topic, which it keeps at hand since a store may lose what it was told.

    It is the store's Incarnation too: before a store that came back as another one is served, it is told again.
    """

    def __init__(self, store: ErasureStore, incarnation: Incarnation, lineage: int) -> None:
        self._store, self._incarnation, self._lineage = store, incarnation, lineage
        self._known: dict[str, Erasure] = {}
        self._end = 0
        self._told: str | None = None
        self._partitions: Mapping[TP, Partition] = {}
        self._backlog: Backlog | None = None
        self._calls: Calls | None = None

    def attach(self, partitions: Mapping[TP, Partition], backlog: Backlog, calls: Calls) -> None:
        """What is held in memory; it comes later, since loading sessions asks for erasures."""
        self._partitions, self._backlog, self._calls = partitions, backlog, calls

    def __len__(self) -> int:
        """How many shoppers were erased."""
        return len(self._known)

    def of(self, shopper: str) -> Erasure | None:
        """The shopper's last erasure."""
        return self._known.get(shopper)

    async def take(self, erasures: Iterable[Erasure], end: int) -> None:
        """New records of the topic, up to `end`. StoreUnavailable: memory has forgotten, and the store is to be told
        again by the same call."""
        new = [each for each in erasures if each.number >= self._number(each.shopper)]
        for each in new:
            self._known[each.shopper] = each
            self._forget(each)
        await self._tell(new, end)
        self._end = max(self._end, end)

    async def incarnation(self) -> str:
        """The store's; another one knows of all erasures before anybody hears of it. Raises StoreUnavailable."""
        found = await self._incarnation.incarnation()
        if found != self._told and await self._store.reached() < self._end:
            log.warning("erasures.told_again", shoppers=len(self._known), why="the store has lost what it was told")
            await self._tell(list(self._known.values()), self._end)
        self._told = found
        return found

    async def _tell(self, erasures: Sequence[Erasure], end: int) -> None:
        for first in range(0, len(erasures), CHUNK):
            await self._store.erase(erasures[first : first + CHUNK])
        await self._store.reach(end)

    def _number(self, shopper: str) -> int:
        known = self._known.get(shopper)
        return known.number if known is not None else 0

    def _forget(self, erasure: Erasure) -> None:
        for partition in self._partitions.values():
            shopper = partition.shoppers.get(erasure.shopper)
            if shopper is not None and shopper.erasure < erasure.number:
                self._drop(partition, shopper, erasure)

    def _drop(self, partition: Partition, shopper: Shopper, erasure: Erasure) -> None:
        """The next event loads what is left, which is nothing. What came since the erasure is read once more."""
        del partition.shoppers[shopper.id]
        if not erasure.covers(self._lineage, partition.number, shopper.folded, 0):
            partition.stale = True
        for owed in (shopper.owed, shopper.running):
            if owed is not None:
                owed.settle()
        if self._backlog is not None:
            self._backlog.drop(shopper)
        if self._calls is not None:
            self._calls.forget(shopper)
