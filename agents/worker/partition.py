"""Partition: one assigned partition in one epoch, with its ledger and its shoppers. It is dropped as a whole."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from agents.health.snapshot import Held
from agents.worker.assignment import Assignment
from agents.worker.shoppers import Shopper
from prompts.learned.counts import OpenDays
from streams.kafka.batches import RecordBatch

OPTED_OUT = 10_000
"""Shoppers known to have opted out, kept for each partition. The others are asked for with their next event."""


class Uncovered(NamedTuple):
    """The first offset that is not covered, and since when it is known to wait."""

    offset: int
    since_s: float


class Partition(Assignment[Shopper]):
    """What this worker holds of a partition while an assignment lasts.

    `carried` is what was not covered when it was read again the last time. `held` are batches not yet taken in, the
    first of them since `held_s`; `recall_s` is when to read the persisted owed set next, `unread` are marks of it that
    were not looked at yet. `opted_out` are some of those of whom nothing counts. `marked`: some shopper's earlier
    events count for nothing. `taught` is what its events teach of all shoppers. `sweep` walks over the shoppers,
    `weighing` is what it has seen so far, `weighed` what its last walk saw.
    """

    __slots__ = (
        "carried",
        "held",
        "held_s",
        "marked",
        "opted_out",
        "recall_s",
        "sweep",
        "taking",
        "taught",
        "unread",
        "weighed",
        "weighing",
    )

    def __init__(self, number: int, epoch: int, commit_lag_s: float) -> None:
        super().__init__(number, epoch, commit_lag_s)
        self.taking = self.marked = False
        self.carried: Uncovered | None = None
        self.recall_s = 0.0
        self.unread: list[str] = []
        self.sweep: Iterator[Shopper] = iter(())
        self.weighing = self.weighed = Held()
        self.held: deque[RecordBatch] = deque()
        self.held_s = 0.0
        self.opted_out: dict[str, None] = {}
        self.taught = OpenDays()

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
        if self.carried is not None:
            if (self.ledger.uncovered() or 0) > self.carried.offset:
                self.carried = None
            else:
                since_s.append(self.carried.since_s)
        if self.held:
            since_s.append(self.held_s)
        return min(since_s, default=None)

    def uncovered(self) -> Uncovered | None:
        """What waits the longest; None when nothing does."""
        since_s, offset = self.oldest_s(), self.ledger.uncovered()
        if since_s is None:
            return None
        if self.carried is not None:
            return self.carried
        return Uncovered(offset if offset is not None else self.held[0].records[0].offset, since_s)

    def trim(self) -> None:
        """Forget who opted out the longest ago, beyond what is kept."""
        while len(self.opted_out) > OPTED_OUT:
            del self.opted_out[next(iter(self.opted_out))]

    def end(self) -> dict[str, Shopper]:
        """The epoch is over: nothing of it may be written or committed any more. Returns the shoppers it had, so that
        the caller frees them in slices: a million at once hold the loop for a second."""
        self.ended = True
        left, self.shoppers = self.shoppers, {}
        self.held.clear()
        return left
