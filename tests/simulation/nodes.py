"""Nodes: the parts of a store, each with its own keys. One of them may go, or fall back, alone."""

from collections import defaultdict
from typing import TypeVar
from zlib import crc32

from tests.fakes.store import Data

T = TypeVar("T")

SLOTS = 7


class Nodes:
    """Where keys live. `away` are the nodes that do not answer, `open` the slots that stand between two nodes."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.away: set[int] = set()
        self.open: set[int] = set()

    @property
    def well(self) -> bool:
        """Whether every part of the store answers."""
        return not self.away and not self.open

    def of(self, key: str) -> int:
        """The node of a key."""
        return crc32(key.encode()) % self.count

    def answers(self, key: str) -> bool:
        """Whether the node of a key is there."""
        return self.of(key) not in self.away

    def writes(self, key: str) -> bool:
        """Whether scripts can run on a key: reads find their way through an open slot, scripts do not."""
        return self.answers(key) and crc32(key.encode()) // self.count % SLOTS not in self.open

    def mixed(self, now: Data, then: Data, node: int) -> Data:
        """What the node held then, and the others hold now. As told of erasures counts what every node was told."""
        owed: defaultdict[int, set[str]] = defaultdict(set)
        for each in now.owed.keys() | then.owed.keys():
            owed[each] = set((then if self.of(marks(each)) == node else now).owed.get(each, ()))
        return Data(
            self._mixed(now.contexts, then.contexts, node),
            self._mixed(now.intents, then.intents, node),
            self._mixed(now.packed, then.packed, node),
            self._mixed(now.markers, then.markers, node),
            then.reached,
            owed,
            now.nonce,
        )

    def _mixed(self, now: dict[str, T], then: dict[str, T], node: int) -> dict[str, T]:
        kept = {key: value for key, value in now.items() if self.of(key) != node}
        return kept | {key: value for key, value in then.items() if self.of(key) == node}


def marks(partition: int) -> str:
    """The key of a partition's owed set."""
    return f"owed-{partition}"
