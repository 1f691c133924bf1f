"""Redriven: which letters of a dead-letter topic have gone back to where they came from. Pure.

It is told by markers in the dead-letter topic itself: a marker stands in the partition of the letters that it names,
and after them, so that retention never deletes a marker before its letters.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from streams.events.decoding import Record

HEADER = "penchant-redriven"
"""The header of a marker: the offsets that it names, such as `3-7,9`. A marker has no key and no value."""

Range = tuple[int, int]
"""The first and the last of it."""


class Redriven:
    """The offsets of one partition that markers name."""

    def __init__(self) -> None:
        self._ranges: list[Range] = []
        self._sorted = True

    def add(self, ranges: Iterable[Range]) -> None:
        """What one marker names."""
        self._ranges += ranges
        self._sorted = False

    def __contains__(self, offset: int) -> bool:
        if not self._sorted:
            self._ranges, self._sorted = _merged(self._ranges), True
        at = bisect_right(self._ranges, offset, key=lambda each: each[0])
        return at > 0 and offset <= self._ranges[at - 1][1]


def marker(offsets: Sequence[int]) -> list[tuple[str, bytes]]:
    """The headers of a marker that names these offsets."""
    ranges = _merged([(offset, offset) for offset in offsets])
    words = (str(first) if first == last else f"{first}-{last}" for first, last in ranges)
    return [(HEADER, ",".join(words).encode())]


def marked(record: Record) -> list[Range] | None:
    """What a record names, if it is a marker; None for everything else. What cannot be read names nothing."""
    for name, value in record.headers:
        if name == HEADER:
            try:
                return [_range(word) for word in (value or b"").decode().split(",")]
            except ValueError:
                return []
    return None


def _range(word: str) -> Range:
    first, _, last = word.partition("-")
    return int(first), int(last or first)


def _merged(ranges: Iterable[Range]) -> list[Range]:
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return merged
