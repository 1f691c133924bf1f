"""A ledger for tests of the transport: every offset received is covered at once, but for those that are held."""

from collections.abc import Callable

from streams.kafka.batches import TP, Poll, RecordBatch


class FakeLedger:
    """Keeps what it was told and given. `held` offsets are never covered; `silent` means it has nothing to commit."""

    def __init__(self, *, held: set[int] | None = None, silent: bool = False) -> None:
        self.held, self.silent = held or set(), silent
        self.epochs: dict[TP, int] = {}
        self.calls: list[tuple[str, TP, int]] = []
        self.batches: list[RecordBatch] = []
        self.lost: list[tuple[TP, int, int]] = []
        self.on_assigned: Callable[[TP], None] | None = None

    def assigned(self, tp: TP, epoch: int) -> None:
        self.calls.append(("assigned", tp, epoch))
        self.epochs[tp] = epoch
        if self.on_assigned:
            self.on_assigned(tp)

    def revoked(self, tp: TP) -> None:
        self.calls.append(("revoked", tp, self.epochs.pop(tp)))

    def expired(self, tp: TP, first: int, end: int) -> None:
        self.lost.append((tp, first, end))

    def committable(self, tp: TP, epoch: int) -> int | None:
        offsets = self.offsets(tp, epoch)
        if not offsets or self.silent:
            return None
        return next((offset for offset in offsets if offset in self.held), offsets[-1] + 1)

    def poll(self, poll: Poll) -> None:
        """An agent's work: take every batch of a poll, which has one of each partition at the most."""
        assert len({batch.tp for batch in poll.batches}) == len(poll.batches) > 0
        for batch in poll.batches:
            self.take(batch)

    def take(self, batch: RecordBatch) -> None:
        """Within an epoch no batch may be missing."""
        before = self.offsets(batch.tp, batch.epoch)
        assert batch.after == (before[-1] if before else None)
        self.batches.append(batch)

    def offsets(self, tp: TP, epoch: int | None = None) -> list[int]:
        """What arrived of a partition, under its present epoch if not told otherwise."""
        epoch = self.epochs.get(tp) if epoch is None else epoch
        return [
            record.offset
            for batch in self.batches
            if (batch.tp, batch.epoch) == (tp, epoch)
            for record in batch.records
        ]
