"""Partition: one assigned partition in one epoch, with its ledger and its shoppers. It is dropped as a whole."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import structlog

from agents.health.snapshot import Held
from agents.worker.shoppers import Shopper
from prompts.learned.counts import OpenDays
from streams.kafka.batches import RecordBatch
from streams.records.erasures import Erasure
from streams.sessions.ledger import Ledger

Cause = Literal["stale", "erased", "opted_in", "fault", "store"]
"""Why a partition is read again: the store knew better, an erasure came, somebody opted in, our code failed at
an event, the store changed."""

OPTED_OUT = 10_000
"""Shoppers known to have opted out, kept for each partition. The others are asked for with their next event."""


HISTORY = (
    "none on a topic with history; kafka.start lets a new group begin later, intent.ttl_s lets intents live for longer"
)

log = structlog.get_logger()


class Uncovered(NamedTuple):
    """The first offset that is not covered, and since when it is known to wait."""

    offset: int
    since_s: float


class Partition:
    """What this worker holds of a partition while an assignment lasts.

    Look at `ended` after every await: the work may belong to another owner then. `stale`: why the partition is to be
    read again from its committed offset; `untold` are the erasures that the store must be told before that. `carried`
    is what was not covered when it was read again the last time. `held` are batches not yet taken in, the first of them
    since `held_s`; `recall_s` is when to read the persisted owed set next. `wanted` are the shoppers that must stay
    until others have been loaded, `opted_out` some of those of whom nothing counts. `owed` is how many of its shoppers
    the backlog owes something. `marked`: some shopper's earlier events count for nothing. `expired`: it was said that
    some are too old for an intent. `taught` is what its events teach of all shoppers. `sweep` walks over the shoppers,
    `weighing` is what it has seen so far, `weighed` what its last walk saw.
    """

    __slots__ = (
        "carried",
        "ended",
        "epoch",
        "expired",
        "held",
        "held_s",
        "ledger",
        "marked",
        "number",
        "opted_out",
        "owed",
        "recall_s",
        "shoppers",
        "stale",
        "sweep",
        "taking",
        "taught",
        "untold",
        "wanted",
        "weighed",
        "weighing",
    )

    def __init__(self, number: int, epoch: int, commit_lag_s: float) -> None:
        self.number = number
        self.epoch = epoch
        self.ledger = Ledger(commit_lag_s)
        self.shoppers: dict[str, Shopper] = {}
        self.owed = 0
        self.ended = self.taking = self.marked = self.expired = False
        self.stale: Cause | None = None
        self.carried: Uncovered | None = None
        self.recall_s = 0.0
        self.sweep: Iterator[Shopper] = iter(())
        self.weighing = self.weighed = Held()
        self.held: deque[RecordBatch] = deque()
        self.held_s = 0.0
        self.wanted: list[frozenset[str]] = []
        self.opted_out: dict[str, None] = {}
        self.untold: dict[str, Erasure] = {}
        self.taught = OpenDays()

    def wants(self, shopper_id: str) -> bool:
        """Whether somebody waits for others to be loaded, and needs this shopper too."""
        return any(shopper_id in wanted for wanted in self.wanted)

    @property
    def settled(self) -> bool:
        """Nothing that was received still waits for a call or a write."""
        return not self.held and self.ledger.head() is None and all(who.clean for who in self.shoppers.values())

    def note_expired(self, last_ms: int) -> None:
        """The intent of a session that ended then could not be read any more. It is said once."""
        if not self.expired:
            self.expired = True
            since = datetime.fromtimestamp(last_ms / 1e3, UTC).isoformat(timespec="seconds")
            then = "sessions are stored, no calls are made"
            log.info("intents.expired", partition=self.number, of=since, then=then, remedy=HISTORY)

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
