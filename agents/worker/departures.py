"""Departures: the sessions of partitions that went to others are freed in slices. A million at once take a second."""

import asyncio
from collections import deque

from agents.worker.backlog import Backlog
from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper

FREED_PER_SLICE = 1_000
"""How many sessions, and entries of the backlog, are freed in one go: about two milliseconds."""


class Departures:
    """Takes leave of partitions at once, and frees what they held later."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._departed: deque[dict[str, Shopper]] = deque()

    def add(self, partition: Partition) -> None:
        """The partition's epoch is over."""
        self._backlog.drop_partition(partition)
        self._departed.append(partition.end())

    def __bool__(self) -> bool:
        """Whether some are not freed yet."""
        return bool(self._departed)

    async def free(self) -> None:
        """Free all that has departed, and let others run in between."""
        while self._backlog.compact(FREED_PER_SLICE) or self._departed:
            if self._departed:
                self._free_sessions(self._departed[0])
            await asyncio.sleep(0)

    def _free_sessions(self, shoppers: dict[str, Shopper]) -> None:
        for _ in range(min(len(shoppers), FREED_PER_SLICE)):
            shoppers.popitem()
        if not shoppers:
            self._departed.popleft()
