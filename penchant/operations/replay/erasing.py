"""Erasing: a replay hears of erasures while it runs, as a worker does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from agents.worker.assignment import Assignment
from agents.worker.backlog import Backlog
from agents.worker.erasures import Erasures
from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper
from storage.checkpoints import Context
from streams.errors import StoreUnavailable
from streams.kafka.batches import TP
from streams.records.erasures import Erasure

LOOK_S = 0.5
"""How often a replay looks whether the store has lost erasures."""


class Erasing:
    """The sessions of all partitions, what is owed to them, and the erasures that they are to hear of.

    A file of events has no topic beside it: there the store alone tells who was erased.
    """

    def __init__(self) -> None:
        self._partitions: dict[TP, Partition] = {}
        self._backlogs: dict[Assignment[Shopper], Backlog] = {}
        self._erasures: Erasures | None = None

    def add(self, topic: str, partition: Partition, backlog: Backlog) -> None:
        """One more partition."""
        self._partitions[TP(topic, partition.number)] = partition
        self._backlogs[partition] = backlog

    def drop(self, shopper: Shopper) -> None:
        """Nothing is owed to an erased shopper."""
        self._backlogs[shopper.home].drop(shopper)

    def of(self, shopper: str) -> Erasure | None:
        """The shopper's last erasure, if it is a recent one."""
        return self._erasures.of(shopper) if self._erasures else None

    def covers(self, context: Context) -> bool:
        """Whether a session was taken before the shopper's last erasure."""
        erasure = self.of(context.shopper)
        return erasure is not None and erasure.number > context.erasure

    @asynccontextmanager
    async def following(self, make: Callable[[], Erasures]) -> AsyncIterator[None]:
        """Know all erasures, and hear of new ones while the block runs."""
        erasures = self._erasures = make()
        erasures.attach(self._partitions, self)
        await erasures.catch_up()
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(erasures.run()), tasks.create_task(_tell_what_was_lost(erasures))]
            try:
                yield
            finally:
                for task in beside:
                    task.cancel()


async def _tell_what_was_lost(erasures: Erasures) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        with suppress(StoreUnavailable):
            await erasures.incarnation()
