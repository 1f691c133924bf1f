"""Partition: one assigned partition in one epoch, with its ledger and its shoppers. It is dropped as a whole."""

from collections import deque
from collections.abc import Iterator

from agents.shoppers import Shopper
from streams.batches import RecordBatch
from streams.ledger import Ledger


class Partition:
    """What this worker holds of a partition while an assignment lasts.

    Whoever awaits something for it looks at `ended` afterwards: then the work belongs to somebody else. `stale`: the
    store knows better than our memory, so the partition is to be read again from its committed offset. `held` are
    batches not yet taken in, `recall_s` is when to read the persisted owed set next.
    """

    __slots__ = ("ended", "epoch", "held", "ledger", "number", "recall_s", "shoppers", "stale", "sweep", "taking")

    def __init__(self, number: int, epoch: int, commit_lag_s: float) -> None:
        self.number = number
        self.epoch = epoch
        self.ledger = Ledger(commit_lag_s)
        self.shoppers: dict[str, Shopper] = {}
        self.ended = self.stale = self.taking = False
        self.recall_s = 0.0
        self.sweep: Iterator[Shopper] = iter(())
        self.held: deque[RecordBatch] = deque()

    def end(self) -> None:
        """The epoch is over: nothing of it may be written or committed any more."""
        self.ended = True
        self.shoppers.clear()
        self.held.clear()
