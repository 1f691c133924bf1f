"""Assignment: one partition that is ours in one epoch, as its shoppers and their writes see it."""

from datetime import UTC, datetime
from typing import Generic, Literal, TypeVar

import structlog

from streams.records.erasures import Erasure
from streams.sessions.ledger import Ledger

Cause = Literal["stale", "erased", "opted_in", "fault", "store"]
"""Why a partition is read again: the store knew better, an erasure came, somebody opted in, our code failed at
an event, the store changed."""

HISTORY = (
    "none on a topic with history; kafka.start lets a new group begin later, intent.ttl_s lets intents live for longer"
)

S = TypeVar("S")

log = structlog.get_logger()


class Assignment(Generic[S]):
    """What holds for all shoppers of a partition while it is ours.

    Look at `ended` after every await: the work may belong to another owner then. `stale`: why the partition is to be
    read again from its committed offset; `untold` are the erasures that the store must be told before that. `wanted`
    are the shoppers that must stay until others have been loaded. `owed` is how many of its shoppers the backlog owes
    something. `expired`: it was said that some are too old for an intent.
    """

    __slots__ = ("ended", "epoch", "expired", "ledger", "number", "owed", "shoppers", "stale", "untold", "wanted")

    def __init__(self, number: int, epoch: int, commit_lag_s: float) -> None:
        self.number = number
        self.epoch = epoch
        self.ledger = Ledger(commit_lag_s)
        self.shoppers: dict[str, S] = {}
        self.owed = 0
        self.ended = self.expired = False
        self.stale: Cause | None = None
        self.untold: dict[str, Erasure] = {}
        self.wanted: list[frozenset[str]] = []

    def wants(self, shopper_id: str) -> bool:
        """Whether somebody waits for others to be loaded, and needs this shopper too."""
        return any(shopper_id in wanted for wanted in self.wanted)

    def note_expired(self, last_ms: int) -> None:
        """The intent of a session that ended then could not be read any more. It is said once."""
        if not self.expired:
            self.expired = True
            since = datetime.fromtimestamp(last_ms / 1e3, UTC).isoformat(timespec="seconds")
            then = "sessions are stored, no calls are made"
            log.info("intents.expired", partition=self.number, of=since, then=then, remedy=HISTORY)
