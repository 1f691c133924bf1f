"""Parking: contexts are written without a call, where none is needed, or where waiting for one would hold the commit.

A shopper who is parked though owed is marked in the persisted owed set first: the call is not lost with this worker.
The session is taken before that and stored as it was then, so that the mark covers all that is stored.
"""

import asyncio
from collections.abc import Iterable, Sequence

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.owed_set import OwedSet
from agents.worker.partition import Partition
from agents.worker.shoppers import Owed, Shopper
from agents.worker.write_verdicts import covers
from storage.checkpoints import CheckpointStore, OwedStore, Verdict
from streams.errors import StoreUnavailable

RETRY_S = 0.5

HEADS = 1_024
"""How many heads of a partition are looked at in one go: after an outage there are as many as shoppers."""

Taken = tuple[Shopper, Owed, Checkpoint]


class Parking:
    """Writes contexts in bulk, `pipeline` of them at once, by the rules of the backlog."""

    def __init__(
        self,
        backlog: Backlog,
        store: CheckpointStore,
        owed: OwedStore,
        checkpoints: Checkpoints,
        pipeline: int,
        meter: Meter,
    ) -> None:
        self._backlog, self._store, self._owed_set = backlog, store, OwedSet(owed, meter)
        self._checkpoints, self._pipeline, self._meter = checkpoints, pipeline, meter
        self._retry_s = 0.0

    async def quiet(self) -> None:
        """Park those who are due but ask for no call. A shopper whose call has become due meanwhile is left to the
        calls."""
        if _now() < self._retry_s:
            return
        due = self._backlog.quiet(_now())
        for first in range(0, len(due), self._pipeline):
            still = [
                shopper
                for shopper in due[first : first + self._pipeline]
                if waits(shopper) and shopper.owed is not None and not shopper.owed.call
            ]
            if _now() < self._retry_s:
                self._put_back([(shopper, self._backlog.take(shopper)) for shopper in still])
            else:
                await self._park(still)

    async def park_head_of_line(self, partition: Partition) -> None:
        """Park those who have held the partition's commit for too long, or who hold too many offsets behind them."""
        ledger, rules = partition.ledger, self._backlog.rules
        behind = (ledger.next_offset or 0) - rules.max_span // 2
        holders = ledger.holders(before_s=_now() - rules.park_after_s, below=behind, most=HEADS)
        heads = [holder for holder in holders if isinstance(holder, Shopper) and waits(holder)]
        for first in range(0, len(heads), self._pipeline):
            if _now() < self._retry_s:
                return
            taken = await self._park([head for head in heads[first : first + self._pipeline] if waits(head)])
            await self._owed_set.outdate(
                partition.number, [(who, checkpoint.position) for who, owed, checkpoint in taken if owed.call]
            )

    async def _park(self, shoppers: Sequence[Shopper]) -> Sequence[Taken]:
        """Take, mark who is owed a call, write, and put back what is still owed; returns what was stored."""
        taken = [(shopper, self._backlog.take(shopper), self._checkpoints.take(shopper)) for shopper in shoppers]
        if not taken:
            return []
        owing = [(shopper, checkpoint.position) for shopper, owed, checkpoint in taken if owed.call]
        try:
            if owing:
                await self._owed_set.make(owing[0][0].home.number, owing)
            verdicts = await self._store.write(
                [self._checkpoints.write(checkpoint, owed=owed.call) for _, owed, checkpoint in taken]
            )
        except StoreUnavailable:
            self._meter.store_failures += 1
            self._retry_s = _now() + RETRY_S
            self._put_back((shopper, owed) for shopper, owed, _ in taken)
            return []
        undecided = [verdict is Verdict.UNDECIDED for verdict in verdicts]
        if any(undecided):
            self._meter.undecided_s = _now()
            self._put_back(taken[at][:2] for at, unsaid in enumerate(undecided) if unsaid)
        return [
            one
            for one, verdict in zip(taken, verdicts, strict=True)
            if verdict is not Verdict.UNDECIDED and self._settle(*one, verdict)
        ]

    def _put_back(self, taken: Iterable[tuple[Shopper, Owed]]) -> None:
        """The store is away, and each try may wait for its time-out: no more of them for now."""
        for shopper, owed in taken:
            if not shopper.ended:
                owed.not_before_s = _now() + RETRY_S
                self._backlog.owe(shopper, owed)

    def _settle(self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint, verdict: Verdict) -> bool:
        if shopper.ended or not covers(verdict, shopper):
            return False
        owed.settle()
        shopper.session.durable = checkpoint.position.offset
        self._meter.parked += 1
        if owed.call:
            self._backlog.owe(shopper, owed)
        else:
            self._backlog.done(shopper)
        return True


def waits(shopper: Shopper) -> bool:
    """Whether the shopper is owed something and nothing runs for it."""
    return shopper.owed is not None and shopper.running is None and not shopper.ended


def _now() -> float:
    return asyncio.get_running_loop().time()
