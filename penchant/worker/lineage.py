"""Lineage: the log that a namespace's contexts belong to is recorded in Redis, and what is read must be that log."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from streams.errors import ContractMismatch, LineageMismatch, Retry
from streams.records.lineage import Change, Kind, Lineage, Log, begin, change, succeed

WATCH_S = 5.0
"""How often a running worker looks whether its log is still the same."""

REMEDY = (
    "stop all workers of this namespace, run `penchant lineage bump`, and start them again "
    "(docs/lineage.md says what that does)"
)
OTHER = "set kafka.topic back, or give these workers a redis.namespace of their own; if the new topic is meant: "

log = structlog.get_logger()


class Topics(Protocol):
    """The port to Kafka; see streams/kafka/reader.py."""

    async def log(self, topic: str) -> Log: ...

    async def committed(self, log: Log, group: str) -> Mapping[int, int]: ...

    async def beginnings(self, log: Log) -> Mapping[int, int]: ...

    async def move(self, log: Log, group: str, offsets: Mapping[int, int]) -> None: ...


class Records(Protocol):
    """The port to the record in Redis; see storage/lineage.py."""

    async def read(self) -> Lineage | None: ...

    async def exchange(self, known: Lineage | None, record: Lineage) -> bool: ...

    async def reached(self, lineage: int) -> Mapping[int, int]: ...

    async def reach(self, lineage: int, ends: Sequence[int]) -> None: ...

    async def forget(self, lineage: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Findings:
    """The record, the log as it is, what sets them apart, and how many records the group has not worked off."""

    recorded: Lineage | None
    log: Log
    change: Change | None
    committed: Mapping[int, int]

    @property
    def backlog(self) -> int:
        """Records between what the group committed and the end; all that were ever there where it committed nothing."""
        return sum(max(0, end - self.committed.get(number, 0)) for number, end in enumerate(self.log.ends))


class LineageKeeper:
    """Looks, admits, watches, and raises the number. `least` is the number that a namespace begins with."""

    def __init__(self, topics: Topics, records: Records, topic: str, group: str, least: int = 0) -> None:
        self._topics, self._records, self._topic, self._group = topics, records, topic, group
        self._least = least

    async def look(self) -> Findings:
        """Compare, changing nothing. What is known of the past is read before the ends, so that it cannot pass them."""
        recorded = await self._records.read()
        reached = await self._records.reached(recorded.number) if recorded else {}
        committed = await self._topics.committed(await self._topics.log(self._topic), self._group)
        seen = await self._topics.log(self._topic)
        ends = {number: max(reached.get(number, 0), committed.get(number, 0)) for number in range(seen.partitions)}
        return Findings(recorded, seen, change(recorded, seen, ends) if recorded else None, committed)

    async def admit(self, findings: Findings) -> Lineage:
        """The lineage in force, recorded now if it is the first; LineageMismatch when the log is another one."""
        refuse(findings)
        recorded = findings.recorded
        if recorded is None or recorded.number < self._least:
            lineage = begin(findings.log, self._least)
            if not await self._records.exchange(recorded, lineage):
                return await self.admit(await self.look())  # another worker started at the same moment
            recorded = lineage
        await self._records.reach(recorded.number, findings.log.ends)
        return recorded

    async def watch(self, lineage: Lineage, every_s: float = WATCH_S) -> None:
        """Look again and again; raises LineageMismatch as soon as the log or the record is another one."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.check(lineage)
            except Retry as error:  # whoever needs Kafka or Redis tells louder
                log.debug("lineage.unknown", error=str(error))

    async def check(self, lineage: Lineage) -> None:
        """Look once while running. A record that Redis lost is put back."""
        reached = await self._records.reached(lineage.number)
        seen = await self._topics.log(self._topic)
        recorded = await self._records.read()
        refuse(Findings(recorded, seen, change(lineage, seen, reached), {}))
        if recorded is None or recorded.number < lineage.number:  # Redis was lost, or went back to before a bump
            await self._records.exchange(recorded, lineage)
        elif recorded != lineage:
            told = f"the lineage is {recorded.number} of {recorded.topic} now, this worker has {lineage.number}"
            raise LineageMismatch(told, "start this worker again: it takes up the lineage in force")
        await self._records.reach(lineage.number, seen.ends)

    async def bump(self, findings: Findings, number: int = 0, *, keep_offsets: bool = False) -> Lineage:
        """Take the log as it is up under the next number, or a given higher one; returns the new record.

        Where the log is another one under the same name, the group begins at its beginning unless `keep_offsets`.
        ContractMismatch while the group has members then, or when somebody else changed the record meanwhile.
        """
        seen, recorded = findings.log, findings.recorded
        if recorded is None:
            lineage = begin(seen, max(number, self._least))
        else:
            lineage = succeed(recorded, seen, findings.change, max(number, self._least))
        if not keep_offsets:
            await self._move(findings)
        if not await self._records.exchange(recorded, lineage):
            raise ContractMismatch(
                "the lineage was changed by somebody else meanwhile", "look at `penchant lineage show`"
            )
        await self._records.reach(lineage.number, seen.ends)
        if recorded is not None:
            await self._records.forget(recorded.number)
        return lineage

    async def _move(self, findings: Findings) -> None:
        """Offsets of a log that is gone would skip records of this one."""
        seen, committed, kind = findings.log, findings.committed, findings.change and findings.change.kind
        if kind is Kind.RECREATED and committed:
            await self._topics.move(seen, self._group, await self._topics.beginnings(seen))
        elif kind is Kind.SHORTENED and (past := {n: seen.ends[n] for n, at in committed.items() if at > seen.ends[n]}):
            await self._topics.move(seen, self._group, past)


def refuse(findings: Findings) -> None:
    """Raise LineageMismatch when the log is not the recorded one."""
    if found := findings.change:
        raise LineageMismatch(found.description, OTHER + REMEDY if found.kind is Kind.OTHER else REMEDY)
