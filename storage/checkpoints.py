"""What is written and read for a shopper: the intent and the context it was made from, as one checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from streams.records.erasures import Erasure
from streams.records.intents import Intent
from streams.sessions.positions import Position


@dataclass(frozen=True, slots=True)
class Context:
    """A stored session. `owner` is `<worker>:<epoch>` of who wrote it; `erasure` is the shopper's last one's number.

    `owed`: it was stored without the intent that it asks for, or with one by rules that a model's is to replace.
    `marker` is that erasure, of one that was loaded: events that it covers count for nothing. `lost`: the store has it
    no more, and this is what the context tells of it. `key` is where it was loaded from.
    """

    shopper: str
    position: Position
    partition: int
    owner: str
    session: bytes
    erasure: int = 0
    owed: bool = False
    marker: Erasure | None = field(default=None, compare=False)
    lost: bool = field(default=False, compare=False)
    key: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Erased:
    """A shopper who was erased and has nothing stored since. The next write must carry this `erasure`; `marker` says
    which events count for nothing: all of them, while the shopper has opted out."""

    shopper: str
    erasure: int
    marker: Erasure | None = None


class Write(Struct, frozen=True, gc=False):
    """One checkpoint to write. Without an intent it is a parked session. Expiries are epoch milliseconds.

    `base` is the offset that the store stood at when the session was last stored or loaded (-1: it held nothing). If it
    stands before that now, it has lost what the session was built on, and perhaps an intent that nobody would miss.
    `base_owed`: a call was owed there. If one is owed now that was not then, the store has lost the answer. The rules'
    intent is refused too where somebody else has stored something since the base: they may have a model's.
    """

    context: Context
    context_expires_at_ms: int
    intent: Intent | None = None
    intent_expires_at_ms: int = 0
    base: int = -1
    base_owed: bool = False


class Verdict(StrEnum):
    """What the store says to a write.

    At an equal position the stored session is the same, whoever stored it. Then only an intent is taken, one that is
    newer than the stored one or, a model's, replaces the rules', and that is ACCEPTED too; else the write is COVERED.
    The rules' replaces none where nothing is owed.
    An intent with which nothing is owed any more says so also then.
    """

    ACCEPTED = "accepted"
    COVERED = "covered"  # refused: this offset is stored already, or this very owner has stored a later one
    STALE = (
        "stale"  # refused: a later position by somebody else, or the base is not what it was: reload, refold, try again
    )
    ERASED = "erased"  # refused: the store knows of another erasure than the context, or of an opting out: reload
    LINEAGE = "lineage"  # refused: stored under another lineage or partition: stop this partition
    UNDECIDED = "undecided"  # not known: this shopper's part of the store did not say, while others did: try again


class CheckpointStore(Protocol):
    """The port to the store. Every method raises StoreUnavailable; then nothing is known about what was done.

    `load` answers in the order asked, None for a shopper that is absent. What is stored but cannot be read is never
    absent: that is StoreCorrupt, which names the key.
    """

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]: ...

    async def write(self, writes: Sequence[Write]) -> list[Verdict]: ...


class OwedStore(Protocol):
    """The persisted set of shoppers of a partition who are owed a call though their events are covered."""

    async def owe(self, partition: int, shoppers: Sequence[str]) -> None: ...

    async def settle(self, partition: int, shoppers: Sequence[str]) -> None: ...

    async def owed(self, partition: int) -> list[str]: ...


class Incarnation(Protocol):
    """Tells one life of the store from the next: changed run or replication id, or a missing nonce."""

    async def incarnation(self) -> str: ...
