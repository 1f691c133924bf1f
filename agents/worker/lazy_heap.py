"""LazyHeap: shoppers by key, the smallest first. An entry is void once its shopper stands elsewhere.

Void entries are left where they are and skipped when they come up. A sweep removes them in steps, while pushing and
popping go on: it takes the leaves of the old heap off one by one, and pushes those that still count onto a new one.
"""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import count, islice

from agents.worker.shoppers import Shopper

ENTRIES_PER_OWED, SLACK = 4, 16
"""The bound on entries. A sweep begins at half of the first and all of the second."""

SWEPT_PER_STEP = 8
"""How many entries a sweep looks at whenever one becomes void. It ends before the entries reach their bound."""

Entry = tuple[float, int, int, Shopper]
"""Key, sequence number, the shopper's `place` when it was filed, and the shopper."""


class LazyHeap:
    """`len` counts void entries too."""

    __slots__ = ("_entries", "_old", "_sequence")

    def __init__(self, sequence: "count[int]") -> None:
        self._entries: list[Entry] = []
        self._old: list[Entry] = []
        self._sequence = sequence

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self._entries) + len(self._old)

    def push(self, key: float, shopper: Shopper) -> None:
        """File the shopper at its present place."""
        heappush(self._entries, (key, next(self._sequence), shopper.place, shopper))

    def put_back(self, entry: Entry) -> None:
        """File an entry again that was popped."""
        heappush(self._entries, entry)

    def first(self) -> Entry | None:
        """The smallest entry, void or not."""
        heap = self._first()
        return heap[0] if heap else None

    def pop(self) -> Entry | None:
        """Take out the smallest entry, void or not."""
        heap = self._first()
        return heappop(heap) if heap else None

    def begin_sweep(self) -> None:
        """From here on `sweep` goes through all entries that there are now."""
        self._old, self._entries = self._entries, []

    def sweep(self) -> bool:
        """Keep or remove one entry; False when none is left to look at."""
        if not self._old:
            return False
        entry = self._old.pop()  # the last leaf: what is left is still a heap
        if counts(entry):
            heappush(self._entries, entry)
        return True

    def _first(self) -> list[Entry]:
        old, new = self._old, self._entries
        return old if old and (not new or old[0] < new[0]) else new


def counts(entry: Entry) -> bool:
    """Whether the shopper still stands where the entry says, and is owed something."""
    shopper = entry[3]
    return entry[2] == shopper.place and shopper.owed is not None and not shopper.home.ended


class Sweeper:
    """Sweeps several heaps as one. `stale`: entries of a partition that was dropped may be left."""

    def __init__(self, heaps: Sequence[LazyHeap]) -> None:
        self._heaps = heaps
        self._sweep: Iterator[None] | None = None
        self.stale = False

    def __len__(self) -> int:
        """How many entries the heaps hold, void ones included."""
        return sum(map(len, self._heaps))

    def step(self, owed: int) -> None:
        """An entry becomes void, while so many shoppers are owed."""
        if self._sweep is None and len(self) > ENTRIES_PER_OWED // 2 * owed + SLACK:
            self._sweep = self._sweep_all()
        self._advance(SWEPT_PER_STEP)

    def compact(self, entries: int) -> bool:
        """Look at so many entries; whether a dropped partition may have some left."""
        if self._sweep is None and self.stale:
            self._sweep, self.stale = self._sweep_all(), False
        self._advance(entries)
        return self.stale or self._sweep is not None

    def _advance(self, entries: int) -> None:
        if self._sweep is not None and next(islice(self._sweep, entries - 1, None), self) is self:
            self._sweep = None

    def _sweep_all(self) -> Iterator[None]:
        for heap in self._heaps:
            heap.begin_sweep()
        for heap in self._heaps:
            while heap.sweep():
                yield
