"""A lineage record and topics without Redis and Kafka."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from streams.errors import BrokerUnavailable, ContractMismatch
from streams.records.lineage import Lineage, Log


class MemoryRecords:
    """The record of one namespace, as storage/lineage.py keeps it."""

    def __init__(self) -> None:
        self.record: Lineage | None = None
        self.ends: dict[int, dict[int, int]] = {}

    async def read(self) -> Lineage | None:
        return self.record

    async def exchange(self, known: Lineage | None, record: Lineage) -> bool:
        if (self.record and self.record.number) != (known and known.number):
            return False
        self.record = record
        return True

    async def reached(self, lineage: int) -> Mapping[int, int]:
        return dict(self.ends.get(lineage, {}))

    async def reach(self, lineage: int, ends: Sequence[int]) -> None:
        self.ends.setdefault(lineage, {}).update(enumerate(ends))

    async def forget(self, lineage: int) -> None:
        self.ends.pop(lineage, None)


class MemoryTopics:
    """Topics by name, and what one group committed. `away` fails everything, `busy` is a group with members."""

    def __init__(self, *logs: Log) -> None:
        self.logs = {log.topic: log for log in logs}
        self.offsets: dict[int, int] = {}
        self.away = self.busy = False
        self.asked = 0

    def grow(self, topic: str, *ends: int, topic_id: str | None = None) -> None:
        """Let a topic be as long, or as wide, as this; with another id it is another one."""
        log = self.logs[topic]
        self.logs[topic] = replace(log, ends=ends, topic_id=topic_id or log.topic_id)

    async def log(self, topic: str) -> Log:
        self.asked += 1
        if self.away:
            raise BrokerUnavailable("Kafka is away")
        if topic not in self.logs:
            raise ContractMismatch(f"no topic {topic}")
        return self.logs[topic]

    async def committed(self, _log: Log, _group: str) -> Mapping[int, int]:
        return dict(self.offsets)

    async def beginnings(self, log: Log) -> Mapping[int, int]:
        return dict.fromkeys(range(log.partitions), 0)

    async def move(self, _log: Log, _group: str, offsets: Mapping[int, int]) -> None:
        if self.busy:
            raise ContractMismatch("the group has members")
        self.offsets.update(offsets)
