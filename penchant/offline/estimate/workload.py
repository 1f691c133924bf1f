"""Workload: what a stretch of a topic asks for, counted. Pure."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Prompts:
    """The prompts that were rendered, in tokens: all of them, what their shopper's last one began with, and what
    anybody's did."""

    rendered: int = 0
    length: int = 0
    cached: int = 0
    shared: int = 0


@dataclass(slots=True)
class Stored:
    """The shoppers whose checkpoints were packed, and the bytes of them: contexts and intents with their fields."""

    shoppers: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Workload:
    """Events that were folded, over so many seconds of event time, and what became of them. `meaningful` ones would be
    a call each, without coalescing; those that their session's next event `followed` were `in_time` if their call had
    ended before it."""

    seconds: float = 0.0
    events: int = 0
    duplicates: int = 0
    late: int = 0
    meaningful: int = 0
    followed: int = 0
    in_time: int = 0
    sessions: int = 0
    calls: int = 0
    shoppers: Counter[str] = field(default_factory=Counter)
    partitions: Counter[int] = field(default_factory=Counter)
    prompts: Prompts = field(default_factory=Prompts)
    stored: Stored = field(default_factory=Stored)

    @property
    def events_per_second(self) -> float:
        """As it was read."""
        return self.events / self.seconds if self.seconds else 0.0

    def hottest_shopper(self) -> float:
        """The share of the events that one shopper makes at most."""
        return share(max(self.shoppers.values(), default=0), self.events)

    def hottest_percent(self) -> float:
        """The share of the events that a hundredth of the shoppers makes, at least one."""
        number = max(len(self.shoppers) // 100, 1)
        return share(sum(count for _, count in self.shoppers.most_common(number)), self.events)

    def skew(self) -> float:
        """How many times its even share the largest partition has."""
        return share(max(self.partitions.values(), default=0) * len(self.partitions), self.events)


def share(part: float, whole: float) -> float:
    """Of nothing it is none."""
    return part / whole if whole else 0.0
