"""Weight: about how many bytes the long texts of a session take, beside what each row takes anyway.

Usual products are shared by many sessions and are paid for elsewhere. What is longer than usual counts in full.
"""

from collections.abc import Iterable
from sys import getsizeof

from streams.events.event import Item
from streams.sessions.profiles import InterestCounts

USUAL_BYTES = 120
"""What a text takes that is counted already: about 70 Latin characters."""


def subject_bytes(event_id: str, subjects: Iterable[Item | str | None]) -> int:
    """What the rows of one event take for long texts."""
    size = _excess_bytes(event_id)
    for subject in subjects:
        if isinstance(subject, str):
            size += _excess_bytes(subject)
        elif subject is not None:
            size += _excess_bytes(subject.title) + _excess_bytes(subject.category) + _excess_bytes(subject.brand)
    return size


def tally_bytes(*tallies: InterestCounts) -> int:
    """What long names of categories and brands take."""
    return sum(_excess_bytes(name) for tally in tallies for name, _ in (*tally.categories, *tally.brands))


def _excess_bytes(text: str | None) -> int:
    return max(getsizeof(text) - USUAL_BYTES, 0) if text else 0
