"""Learned: the snapshots of a simulated shop. One is rolled back, and workers take one up each in its own time.

What a snapshot says is a word behind the mission, so an intent shows which one it was made with, whatever it names.
"""

import random
from collections.abc import Callable
from zlib import crc32

from tests.simulation.truth import digest

MOST_LATE_S = 3.0
"""How much later than another a worker may take up a snapshot."""

NAMES = ("", "first", "second", "first", "third")
"""What is in force, one after the other: nothing yet, and once the one before again."""


class LearnedSnapshots:
    """Which snapshot is in force at a time of a run of so many seconds."""

    def __init__(self, chance: random.Random, seconds: float) -> None:
        self._from_s = [0.0, *sorted(chance.uniform(0, seconds) for _ in NAMES[1:])]

    def at(self, now_s: float) -> str:
        """Its name; empty before the first."""
        return NAMES[sum(from_s <= now_s for from_s in self._from_s) - 1] if now_s >= 0 else ""

    def taken_up(self, chance: random.Random, now_s: Callable[[], float]) -> Callable[[], str]:
        """The one that a worker has taken up by now."""
        late_s = chance.uniform(0, MOST_LATE_S)
        return lambda: self.at(now_s() - late_s)


def word(name: str) -> str:
    """What rules say by a snapshot."""
    return f" {crc32(name.encode()):08x}" if name else ""


def said(packed: bytes, source: str, name: str) -> str:
    """M of a session and a snapshot: the mission of the intent that names both."""
    return f"{source}:{digest(packed)}{word(name)}"
