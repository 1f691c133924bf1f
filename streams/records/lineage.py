"""Lineage: which log the stored contexts were made from, and whether the one we read is still that log. Pure.

An offset means something in one log only. After a topic was re-created, stored offsets would hide new events; after
partitions were added, a shopper may stand in two of them. Both are told from here, and end in a higher lineage number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Log:
    """A topic as Kafka shows it now: where each partition ends. Brokers tell topics' ids since 2.8 (KIP-516)."""

    topic: str
    topic_id: str | None
    ends: tuple[int, ...]

    @property
    def partitions(self) -> int:
        """How many partitions it has."""
        return len(self.ends)


@dataclass(frozen=True, slots=True)
class Lineage:
    """The log that contexts of this number belong to.

    `starts` are where its partitions ended when the number was raised for partitions that were added, else empty:
    records before them may stand in another partition than later ones of the same shopper.
    """

    number: int
    topic: str
    partitions: int
    topic_id: str | None = None
    starts: tuple[int, ...] = ()

    def start(self, partition: int) -> int:
        """The first offset of this lineage in a partition."""
        return self.starts[partition] if partition < len(self.starts) else 0


class Kind(Enum):
    """How a log differs from the one that contexts belong to."""

    OTHER = "another topic"
    RECREATED = "re-created"
    SHORTENED = "shortened"
    WIDENED = "partitions added"


@dataclass(frozen=True, slots=True)
class Change:
    """What has become of a log, in words."""

    kind: Kind
    description: str


def begin(log: Log, number: int) -> Lineage:
    """The lineage of a log that nobody has read yet."""
    return Lineage(number, log.topic, log.partitions, log.topic_id)


def change(lineage: Lineage, log: Log, reached: Mapping[int, int]) -> Change | None:
    """What sets the log apart from the lineage's; None when it is the same one. `reached` are offsets that its
    partitions are known to have had as their ends, or that a group committed."""
    if log.topic != lineage.topic:
        return Change(Kind.OTHER, f"contexts belong to the topic {lineage.topic}, but {log.topic} is read")
    if lineage.topic_id and log.topic_id and lineage.topic_id != log.topic_id:
        return Change(
            Kind.RECREATED, f"{log.topic} was re-created: its id was {lineage.topic_id}, it is {log.topic_id}"
        )
    if log.partitions < lineage.partitions:
        description = f"{log.topic} was re-created: it had {lineage.partitions} partitions, it has {log.partitions}"
        return Change(Kind.RECREATED, description)
    for partition, end in enumerate(log.ends):
        if end < reached.get(partition, 0):
            kind = Kind.SHORTENED if lineage.topic_id and log.topic_id else Kind.RECREATED
            what = "lost records" if kind is Kind.SHORTENED else "was re-created or lost records"
            description = (
                f"{log.topic} {what}: partition {partition} ends at {end}, it had reached {reached[partition]}"
            )
            return Change(kind, description)
    if log.partitions > lineage.partitions:
        description = (
            f"{log.topic} has {log.partitions} partitions, it had {lineage.partitions}: shoppers may have moved"
        )
        return Change(Kind.WIDENED, description)
    return None


def succeed(lineage: Lineage, log: Log, found: Change | None, number: int) -> Lineage:
    """The next lineage, of the log as it is now."""
    same = found is None or found.kind in (Kind.WIDENED, Kind.SHORTENED)
    return Lineage(max(number, lineage.number + 1), log.topic, log.partitions, log.topic_id, log.ends if same else ())
