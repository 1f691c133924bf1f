"""The dead-letter topic as it stands, read with `assign`: no group, no commits, nothing of the live service."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

from streams.errors import ContractMismatch
from streams.events.decoding import Record
from streams.kafka.reader import TopicReader
from streams.records.dead_letters import DeadLetter
from streams.records.lineage import Log
from streams.records.redriven import Redriven, marked

REMEDY = "make it by the broker's own means, or see that kafka.dead_letter_topic names the right one"

Progress = Callable[[int], None]
"""Told how many offsets lie behind."""


class LetterPosition(NamedTuple):
    """Where a letter stands in the dead-letter topic; written `3-17`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"


class StoredLetter(NamedTuple):
    """A record of the dead-letter topic that is no marker. `letter` is None for one that Penchant did not write;
    `redriven`: it has gone back. `time_ms` is when it was refused."""

    place: LetterPosition
    letter: DeadLetter | None
    redriven: bool
    time_ms: int


@dataclass(frozen=True, slots=True)
class DeadLetterTopic:
    """What stood in the dead-letter topic when it was looked at."""

    reader: TopicReader
    log: Log
    begins: dict[int, int]
    redriven: dict[int, Redriven]

    @property
    def offsets(self) -> int:
        """How many offsets it has; markers are among them."""
        return sum(self.log.ends[number] - begin for number, begin in self.begins.items())

    async def stored_letters(self) -> AsyncGenerator[tuple[int, Sequence[StoredLetter]]]:
        """All letters, partition by partition as they come, each partition in its order."""
        async with aclosing(self.reader.scan(self.log, self.begins)) as scan:
            async for number, records in scan:
                yield (
                    number,
                    [
                        _stored_letter(number, record, self.redriven[number])
                        for record in records
                        if marked(record) is None
                    ],
                )

    async def one(self, place: LetterPosition) -> tuple[Record, StoredLetter]:
        """The letter at a place; ContractMismatch when there is none."""
        number, offset = place
        begin = self.begins.get(number)
        if begin is not None and begin <= offset < self.log.ends[number]:
            async with aclosing(self.reader.scan(self.log, {number: offset})) as scan:
                async for _, records in scan:
                    for record in records:
                        if record.offset == offset and marked(record) is None:
                            return record, _stored_letter(number, record, self.redriven[number])
                    if records:
                        break
        spans = ", ".join(f"{at}-{first} to {at}-{self.log.ends[at]}" for at, first in self.begins.items())
        raise ContractMismatch(
            f"no letter stands at {place}", f"`penchant dead-letters list` shows some; there are {spans}"
        )


async def look(reader: TopicReader, topic: str, progress: Progress) -> DeadLetterTopic:
    """Read the topic once for what has gone back. The reader should leave out what is not committed."""
    log = await reader.log(topic, REMEDY)
    begins = dict(await reader.beginnings(log))
    redriven: dict[int, Redriven] = defaultdict(Redriven)
    seen = 0
    async with aclosing(reader.scan(log, begins)) as scan:
        async for number, records in scan:
            for record in records:
                if ranges := marked(record):
                    redriven[number].add(ranges)
            seen += len(records)
            progress(seen)
    return DeadLetterTopic(reader, log, begins, redriven)


def _stored_letter(partition: int, record: Record, redriven: Redriven) -> StoredLetter:
    return StoredLetter(
        LetterPosition(partition, record.offset), DeadLetter.read(record), record.offset in redriven, record.timestamp
    )
