"""What the transport hands to an agent, and what it asks of a ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from streams.events.decoding import Record


class TP(NamedTuple):
    """One partition of a topic. Equal to, and hashed like, Faust's and aiokafka's pairs of the same values."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """The records that one fetch returned of one partition, in offset order; never empty.

    `epoch` names the assignment it was read under: news of an epoch that has ended is for nobody. `after` is the last
    offset handed out before it in this epoch, None at the beginning: who folds batches can see that none went missing.
    Offsets rise but need not be dense: compaction and transaction markers leave holes.
    """

    topic: str
    partition: int
    epoch: int
    records: Sequence[Record]
    after: int | None = None

    @property
    def tp(self) -> TP:
        """The partition it is from."""
        return TP(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll brought of one topic: a batch of each partition that had some; never empty."""

    batches: Sequence[RecordBatch]


class Offsets(Protocol):
    """What the transport tells a ledger, and asks of it. Called on the event loop; must not block or raise.

    Epochs are unique and rise over the life of the process. Each `assigned` is ended by one `revoked`: at a rebalance
    (also for a partition that stays), at `rewind`, and when the consumer stops.
    """

    def assigned(self, tp: TP, epoch: int) -> None:
        """The partition is ours from now on, and is read from its committed offset."""

    def revoked(self, tp: TP) -> None:
        """The partition's epoch has ended: what was read under it may belong to another worker by now."""

    def expired(self, tp: TP, first: int, end: int) -> None:
        """Offsets from `first` to before `end` will never be read: retention has deleted them."""

    def committable(self, tp: TP, epoch: int) -> int | None:
        """The offset to read first after a restart; None when there is nothing to say yet."""
