"""Parking: contexts are written without a call, where none is needed, or where waiting for one would hold the commit.

A shopper who is parked though owed is marked in the persisted owed set first: the call is not lost with this worker.
The session is taken before that and stored as it was then, so that the mark covers all that is stored.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.boundary import Requeue, Verb, judge
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.owed_set import OwedSet
from agents.worker.partition import Partition
from agents.worker.shoppers import Owed, Shopper
from agents.worker.write_verdicts import covers
from storage.checkpoints import CheckpointStore, OwedStore, Verdict
from streams.cancellation import strays_as_faults

RETRY_S = 0.5

PATIENCE = 4
"""While ingest is behind, sessions hold the commit so many times as long before they are parked: to pack and write one
takes as long as taking in an event, and what is read again after a crash is settled by its offset alone."""

HEADS = 1_024
"""How many heads of a partition are looked at in one go: after an outage there are as many as shoppers."""

PACKED = 32
"""Sessions packed in one turn of the loop: a few milliseconds."""

Serving = tuple[Shopper, Owed]
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
        behind: Callable[[], bool] = lambda: False,
    ) -> None:
        self._backlog, self._store, self._owed_set, self._behind = backlog, store, OwedSet(owed, meter), behind
        self._checkpoints, self._pipeline, self._meter = checkpoints, pipeline, meter
        self._requeue = Requeue(backlog, meter)
        self._retry_s = 0.0

    async def quiet(self) -> None:
        """Park those who are due but ask for no call. A shopper whose call has become due meanwhile is left to the
        calls, and while ingest is behind all are left to `park_head_of_line`."""
        if _now() < self._retry_s or self._behind():
            return
        due = self._backlog.quiet(_now())
        for some in self._pipelines(due):
            serving = self._take([who for who in some if waits(who) and who.owed is not None and not who.owed.call])
            if _now() < self._retry_s:
                self._put_back(serving)
                continue
            with self._guarded(serving):
                await self._write(serving)

    async def park_head_of_line(self, partition: Partition) -> None:
        """Park those who have held the partition's commit for too long, or who hold too many offsets behind them."""
        ledger, rules = partition.ledger, self._backlog.rules
        behind = (ledger.next_offset or 0) - rules.max_span // 2
        after_s = rules.park_after_s * (PATIENCE if self._behind() else 1)
        holders = ledger.holders(before_s=_now() - after_s, below=behind, most=HEADS)
        heads = [holder for holder in holders if isinstance(holder, Shopper) and waits(holder)]
        for some in self._pipelines(heads):
            if _now() < self._retry_s:
                return
            serving = self._take([head for head in some if waits(head) and not backs_off(head, _now())])
            with self._guarded(serving):
                stored = await self._write(serving)
                await self._owed_set.outdate(
                    partition.number, [(who, checkpoint.position) for who, owed, checkpoint in stored if owed.call]
                )

    def _take(self, shoppers: Sequence[Shopper]) -> list[Serving]:
        return [(shopper, self._backlog.take(shopper)) for shopper in shoppers]

    def _pipelines(self, shoppers: Sequence[Shopper]) -> Iterator[Sequence[Shopper]]:
        """So many at once; alone, whose work met a fault: it is not to fail the others' again."""
        together = [who for who in shoppers if who.owed is None or not who.owed.faults]
        for first in range(0, len(together), self._pipeline):
            yield together[first : first + self._pipeline]
        yield from ([who] for who in shoppers if who.owed is not None and who.owed.faults)

    @contextmanager
    def _guarded(self, serving: Sequence[Serving]) -> Iterator[None]:
        """What fails inside is put back at once: the store is away, and each try may wait for its time-out; or the work
        of one of them met a fault, and each is tried alone the next time."""
        try:
            with strays_as_faults():
                yield
        except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the worker
            verb = judge(error, "parking", self._meter)
            if verb is Verb.RETRY:
                self._meter.store_failures += 1
                self._retry_s = _now() + RETRY_S
                self._put_back(serving)
            else:
                for shopper, owed in serving:
                    self._requeue.failed(shopper, owed, "parking", verb, _now())

    async def _write(self, serving: Sequence[Serving]) -> list[Taken]:
        """Write the sessions as they stand in one pipeline; returns those that were stored. Raises StoreUnavailable."""
        taken = await self._packed(serving)
        if not taken:
            return []
        # The mark before the context: a worker that dies in between leaves a call too many, never one too few.
        owing = [(shopper, checkpoint.position) for shopper, owed, checkpoint in taken if owed.call]
        await self._owed_set.make(taken[0][0].home.number, owing)
        verdicts = await self._store.write(
            [self._checkpoints.write(checkpoint, owed=owed.call) for _, owed, checkpoint in taken]
        )
        undecided = [taken[at][:2] for at, verdict in enumerate(verdicts) if verdict is Verdict.UNDECIDED]
        if undecided:
            self._meter.undecided_s = _now()
            self._put_back(undecided)
        return [
            one
            for one, verdict in zip(taken, verdicts, strict=True)
            if verdict is not Verdict.UNDECIDED and self._settle(*one, verdict)
        ]

    async def _packed(self, serving: Sequence[Serving]) -> list[Taken]:
        """The sessions as they stand, packed some in a turn of the loop. Events fold in between: who asks for a call
        meanwhile is left to the calls, since what is stored here without a mark is owed by nobody once this worker
        dies. Of whoever was erased meanwhile nothing is written, and no mark."""
        taken: list[Taken] = []
        for first in range(0, len(serving), PACKED):
            for shopper, owed in serving[first : first + PACKED]:
                if shopper.owed is not None and shopper.owed.call and not owed.call and not shopper.ended:
                    self._backlog.owe(shopper, owed)
                elif not shopper.ended:
                    taken.append((shopper, owed, self._checkpoints.take(shopper)))
            await asyncio.sleep(0)
        return [one for one in taken if not one[0].ended]

    def _put_back(self, serving: Iterable[Serving]) -> None:
        """No more of them for now."""
        for shopper, owed in serving:
            if shopper.running is owed and not shopper.ended:
                owed.not_before_s = _now() + RETRY_S
                self._backlog.owe(shopper, owed)

    def _settle(self, shopper: Shopper, owed: Owed, checkpoint: Checkpoint, verdict: Verdict) -> bool:
        if shopper.ended or not covers(verdict, shopper):
            return False
        owed.settle()
        shopper.stored(checkpoint.position.offset, owed=owed.call, intent=False)
        self._meter.parked += 1
        self._meter.expired += owed.expired and not owed.call
        if owed.call:
            self._backlog.owe(shopper, owed)
        else:
            self._backlog.done(shopper)
        return True


def waits(shopper: Shopper) -> bool:
    """Whether the shopper is owed something and nothing runs for it."""
    return shopper.owed is not None and shopper.running is None and not shopper.ended


def backs_off(shopper: Shopper, now_s: float) -> bool:
    """Whether the shopper's work met a fault and is not to be tried again yet."""
    return shopper.owed is not None and shopper.owed.faults > 0 and now_s < shopper.owed.not_before_s


def _now() -> float:
    return asyncio.get_running_loop().time()
