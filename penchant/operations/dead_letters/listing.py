"""Listing: dead letters counted by reason, with the first, the last and a masked example."""

from collections.abc import Iterable
from dataclasses import dataclass

from penchant.operations.dead_letters.masking import masked, shortened
from penchant.operations.dead_letters.topic import LetterPosition, Progress, StoredLetter, look
from streams.kafka.reader import TopicReader

FOREIGN = "(not ours)"
"""Records that no worker wrote."""


@dataclass(frozen=True, slots=True)
class Example:
    """One letter of a kind. `path` is the field at fault, `value` is masked."""

    place: str
    path: str
    detail: str
    value: str


@dataclass(slots=True)
class Kind:
    """The letters with one reason. `waiting` have not gone back; times are epoch milliseconds."""

    reason: str
    letters: int = 0
    waiting: int = 0
    first_ms: int = 0
    first: str = ""
    last_ms: int = 0
    last: str = ""
    example: Example | None = None


class Listing:
    """Counts letters by reason; the example of each is the latest one that waits."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self._shown: dict[str, tuple[bool, int, LetterPosition]] = {}

    def add(self, found: Iterable[StoredLetter]) -> None:
        """Count these."""
        for each in found:
            reason = each.letter.reason if each.letter else FOREIGN
            kind = self._kinds.setdefault(reason, Kind(reason))
            kind.letters += 1
            kind.waiting += not each.redriven and each.letter is not None
            if not kind.first or each.time_ms < kind.first_ms:
                kind.first_ms, kind.first = each.time_ms, str(each.place)
            if each.time_ms >= kind.last_ms:
                kind.last_ms, kind.last = each.time_ms, str(each.place)
            rank = not each.redriven, each.time_ms, each.place
            if each.letter and (kind.example is None or rank > self._shown[reason]):
                kind.example, self._shown[reason] = example(each), rank

    @property
    def kinds(self) -> list[Kind]:
        """The most frequent first."""
        return sorted(self._kinds.values(), key=lambda kind: (-kind.letters, kind.reason))


async def listed(reader: TopicReader, topic: str, progress: Progress) -> Listing:
    """All letters of the topic. BrokerUnavailable, ContractMismatch."""
    listing = Listing()
    async for _, found in (await look(reader, topic, progress)).stored_letters():
        listing.add(found)
    return listing


def example(found: StoredLetter) -> Example | None:
    """A letter as it may be shown."""
    letter = found.letter
    if letter is None:
        return None
    return Example(str(found.place), shortened(letter.path), shortened(letter.detail), masked(letter.value))
