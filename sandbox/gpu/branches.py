"""Branches: the blocks that follow a beginning, and which of them goes on longest as a prompt does. Pure."""

from bisect import bisect_left, insort
from itertools import takewhile


class Branches:
    """Of each beginning, by the name of its last block, the texts that are kept in blocks behind it."""

    def __init__(self) -> None:
        self._after: dict[int, list[tuple[str, int]]] = {}  # sorted, so that what is alike is side by side
        self._places: dict[int, tuple[int, str]] = {}

    def add(self, block: int, beginning: int, text: str) -> None:
        """A block with this text is kept behind `beginning`; once is enough."""
        if block not in self._places:
            self._places[block] = beginning, text
            insort(self._after.setdefault(beginning, []), (text, block))

    def remove(self, block: int) -> None:
        """It is gone, if it was there."""
        if (place := self._places.pop(block, None)) is None:
            return
        beginning, text = place
        after = self._after[beginning]
        del after[bisect_left(after, (text, block))]
        if not after:
            del self._after[beginning]

    def longest(self, beginning: int, text: str) -> int:
        """How many characters of `text` one of the blocks behind `beginning` begins with, at most."""
        after = self._after.get(beginning)
        if not after:
            return 0
        place = bisect_left(after, (text, 0))
        beside = after[max(place - 1, 0) : place + 1]
        return max(_common(kept, text) for kept, _ in beside)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
