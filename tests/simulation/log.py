"""The log: partitions of records with holes between their offsets, as compaction and transaction markers leave them."""

import random
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal

from streams.kafka.batches import TP
from tests.simulation.wire import Refused

TOPIC = "events"

Isolation = Literal["read_committed", "read_uncommitted"]


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record, as far as the decoder looks at it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass(slots=True)
class Segment:
    """The records of one partition. `end` is the offset that the next one gets, unless a hole comes first. `aborted`
    are those of transactions that came to nothing: holes, to whoever reads what is committed. What stood before `begin`
    is deleted."""

    offsets: list[int] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    aborted: list[Record] = field(default_factory=list)
    end: int = 0
    begin: int = 0

    def append(self, timestamp_ms: int, key: bytes | None, value: bytes | None, *, aborted: bool = False) -> Record:
        """Store a record."""
        record = Record(self.end, timestamp_ms, key, value)
        self.end += 1
        if aborted:
            self.aborted.append(record)
        else:
            self.offsets.append(record.offset)
            self.records.append(record)
        return record

    def lose(self, before: int) -> None:
        """Retention deletes what stands before an offset."""
        self.begin = max(self.begin, before)
        first = bisect_left(self.offsets, before)
        self.offsets, self.records = self.offsets[first:], self.records[first:]
        self.aborted = [record for record in self.aborted if record.offset >= before]

    def read(self, position: int, most: int, isolation: Isolation = "read_committed") -> list[Record]:
        """The next records at or after a position."""
        first = bisect_left(self.offsets, position)
        if isolation == "read_committed":
            return self.records[first : first + most]
        aborted = [record for record in self.aborted if record.offset >= position]
        return sorted(self.records[first:] + aborted, key=attrgetter("offset"))[:most]


@dataclass(slots=True)
class Member:
    """A consumer as the group knows it."""

    heard_s: float
    joined: bool = False
    generation: int = -1
    share: list[TP] = field(default_factory=list)


class Group:
    """A consumer group with eager rebalances: all partitions are revoked, then dealt anew.

    Whoever is not heard for `session_s`, or does not join again within `rebalance_s`, is expelled and not told.
    """

    def __init__(self, tps: list[TP], chance: random.Random, session_s: float, rebalance_s: float) -> None:
        self.committed: dict[TP, int] = {}
        self.generation = 0
        self.members: dict[str, Member] = {}
        self._tps, self._chance = tps, chance
        self._session_s, self._rebalance_s = session_s, rebalance_s
        self._joining_until_s: float | None = None

    def rebalance(self, now_s: float) -> None:
        """Ask everybody to join again."""
        if self._joining_until_s is None:
            self._joining_until_s = now_s + self._rebalance_s
            for member in self.members.values():
                member.joined = False

    def heartbeat(self, name: str, generation: int, now_s: float) -> None:
        """Refused when the member is to join again."""
        self.expel(now_s)
        member = self.members.get(name)
        if member is not None:
            member.heard_s = now_s
        if member is None or self._joining_until_s is not None or generation != self.generation:
            raise Refused("join again")

    def join(self, name: str, now_s: float) -> tuple[int, list[TP]] | None:
        """Join; ask again until the answer is a generation and a share."""
        self.expel(now_s)
        if name not in self.members:
            self.members[name] = Member(now_s)
            self.rebalance(now_s)
        member = self.members[name]
        member.heard_s = now_s
        if self._joining_until_s is None:
            if member.joined:
                member.generation = self.generation
                return self.generation, member.share
            self.rebalance(now_s)
        member.joined = True
        self._deal_if_complete(now_s)
        return (self.generation, member.share) if self._joining_until_s is None else None

    def leave(self, name: str, now_s: float) -> None:
        """Leave at once, instead of being missed."""
        if self.members.pop(name, None) is not None:
            self.rebalance(now_s)

    def expel(self, now_s: float) -> None:
        """Drop the members that were not heard for too long."""
        silent = [name for name, member in self.members.items() if member.heard_s + self._session_s < now_s]
        for name in silent:
            self.leave(name, now_s)
        if silent:
            self._deal_if_complete(now_s)

    def commit(self, name: str, generation: int, offsets: Mapping[TP, int]) -> None:
        """Commit, unless the member or its generation is of the past."""
        if name not in self.members or generation != self.generation:
            raise Refused("this generation has ended")
        self.committed.update(offsets)

    def _deal_if_complete(self, now_s: float) -> None:
        until_s = self._joining_until_s
        if until_s is None or not self.members:
            return
        if now_s >= until_s:
            self.members = {name: member for name, member in self.members.items() if member.joined}
        if self.members and all(member.joined for member in self.members.values()):
            self.generation += 1
            self._joining_until_s = None
            self._deal()

    def _deal(self) -> None:
        names, tps = list(self.members), list(self._tps)
        self._chance.shuffle(names)
        self._chance.shuffle(tps)
        for member in self.members.values():
            member.share = []
        for place, tp in enumerate(tps):
            self.members[names[place % len(names)]].share.append(tp)
