"""Partition: one assigned partition in one epoch, with its ledger and its shoppers. It is dropped as a whole."""

from collections import deque
from collections.abc import Iterator

from agents.health.snapshot import Held
from agents.worker.shoppers import Shopper
from streams.kafka.batches import RecordBatch
from streams.records.erasures import Erasure
from streams.sessions.ledger import Ledger


class Partition:
    """What this worker holds of a partition while an assignment lasts.

    Whoever awaits something for it looks at `ended` afterwards: then the work belongs to somebody else. `stale`: the
    store knows better than our memory, so the partition is to be read again from its committed offset. `held` are
    batches not yet taken in, the first of them since `held_s`; `recall_s` is when to read the persisted owed set next.
    `wanted` are the shoppers that must stay until others have been loaded, `erased` those of whom earlier events count
    for nothing.
    `sweep` walks over the shoppers, `weighing` is what it has seen so far, `weighed` what its last walk saw.
    """

    __slots__ = (
        "ended",
        "epoch",
        "erased",
        "held",
        "held_s",
        "ledger",
        "number",
        "recall_s",
        "shoppers",
        "stale",
        "sweep",
        "taking",
        "wanted",
        "weighed",
        "weighing",
    )

    def __init__(self, number: int, epoch: int, commit_lag_s: float) -> None:
        self.number = number
        self.epoch = epoch
        self.ledger = Ledger(commit_lag_s)
        self.shoppers: dict[str, Shopper] = {}
        self.ended = self.stale = self.taking = False
        self.recall_s = 0.0
        self.sweep: Iterator[Shopper] = iter(())
        self.weighing = self.weighed = Held()
        self.held: deque[RecordBatch] = deque()
        self.held_s = 0.0
        self.wanted: list[frozenset[str]] = []
        self.erased: dict[str, Erasure] = {}

    def wants(self, shopper_id: str) -> bool:
        """Whether somebody waits for others to be loaded, and needs this shopper too."""
        return any(shopper_id in wanted for wanted in self.wanted)

    @property
    def settled(self) -> bool:
        """Nothing that was received still waits for a call or a write."""
        return not self.held and self.ledger.head() is None and all(who.clean for who in self.shoppers.values())

    def hold(self, batch: RecordBatch, now_s: float) -> None:
        """Keep a batch until it is taken in."""
        if not self.held:
            self.held_s = now_s
        self.held.append(batch)

    def release(self, now_s: float) -> None:
        """The first batch was taken in."""
        if self.held:
            self.held.popleft()
            self.held_s = now_s

    def oldest_s(self) -> float | None:
        """When the oldest work that was received and is not covered arrived; None when there is none."""
        head = self.ledger.head()
        since_s = [head.since_s] if head is not None else []
        if self.held:
            since_s.append(self.held_s)
        return min(since_s, default=None)

    def end(self) -> None:
        """The epoch is over: nothing of it may be written or committed any more."""
        self.ended = True
        self.shoppers.clear()
        self.held.clear()
