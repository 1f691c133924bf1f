"""Parking: contexts are written without a call, where none is needed, or where waiting for one would hold the commit.

A shopper who is parked though owed goes into the persisted owed set first: the call is not lost with this worker.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agents.backlog import Backlog
from agents.checkpoints import Checkpoint, Checkpoints
from agents.meter import Meter
from agents.partition import Partition
from agents.shoppers import Owed, Shopper
from agents.verdicts import covers
from storage.checkpoints import CheckpointStore, OwedStore, Verdict
from streams.errors import StoreUnavailable

RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class ParkingRules:
    """A head is parked though owed when its first uncovered event is older than `after_s`, or when more than half of
    `max_span` offsets wait behind it. At `max_span` the partition is paused. One pipeline holds at most `most`."""

    after_s: float = 5.0
    max_span: int = 200_000
    most: int = 128


class Parking:
    """Writes contexts in bulk."""

    def __init__(
        self,
        backlog: Backlog,
        store: CheckpointStore,
        owed: OwedStore,
        checkpoints: Checkpoints,
        rules: ParkingRules,
        meter: Meter,
    ) -> None:
        self._backlog, self._store, self._owed = backlog, store, owed
        self._checkpoints, self._rules, self._meter = checkpoints, rules, meter

    async def quiet(self) -> None:
        """Park those who are due but ask for no call."""
        due = self._backlog.quiet(_now())
        for first in range(0, len(due), self._rules.most):
            await self._park([shopper for shopper in due[first : first + self._rules.most] if waits(shopper)])

    async def heads(self, partition: Partition) -> None:
        """Park those who have held the partition's commit for too long, or who hold too many offsets behind them."""
        ledger = partition.ledger
        behind = (ledger.next_offset or 0) - self._rules.max_span // 2
        holders = ledger.holders(before_s=_now() - self._rules.after_s, below=behind)
        heads = [holder for holder in holders if isinstance(holder, Shopper) and waits(holder)]
        for first in range(0, len(heads), self._rules.most):
            if partition.ended:
                return
            await self._park_owed(partition, [head for head in heads[first : first + self._rules.most] if waits(head)])

    async def _park_owed(self, partition: Partition, heads: Sequence[Shopper]) -> None:
        unmarked = [head for head in heads if not head.marked and head.owed is not None and head.owed.call]
        try:
            if unmarked:
                await self._owed.owe(partition.number, [head.id for head in unmarked])
        except StoreUnavailable:
            self._meter.store_failures += 1
            return
        for head in unmarked:
            head.marked = True
        await self._park([head for head in heads if waits(head)])

    async def _park(self, shoppers: Sequence[Shopper]) -> None:
        """Take, write, and put back what is still owed."""
        taken = [(shopper, self._backlog.take(shopper), self._checkpoints.take(shopper)) for shopper in shoppers]
        if not taken:
            return
        try:
            verdicts = await self._store.write([self._checkpoints.write(checkpoint) for _, _, checkpoint in taken])
        except StoreUnavailable:
            self._meter.store_failures += 1
            for shopper, owed, _ in taken:
                owed.not_before_s = _now() + RETRY_S
                self._backlog.owe(shopper, owed)
            return
        for (shopper, owed, checkpoint), verdict in zip(taken, verdicts, strict=True):
            self._settle(shopper, owed, checkpoint, verdict)

    def _settle(self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint, verdict: Verdict) -> None:
        if shopper.home.ended or not covers(verdict, shopper.home):
            return
        owed.settle()
        shopper.session.durable = checkpoint.position.offset
        self._meter.parked += 1
        if owed.call:
            self._backlog.owe(shopper, owed)
        else:
            self._backlog.done(shopper)


def waits(shopper: Shopper) -> bool:
    """Whether the shopper is owed something and nothing runs for it."""
    return shopper.owed is not None and shopper.running is None and not shopper.home.ended


def _now() -> float:
    return asyncio.get_running_loop().time()
