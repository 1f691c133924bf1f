"""Learning: counts what partitions teach, writes it, and takes up the snapshot in force.

Counts are sets, so that they may be read, merged and written again at any time. Whoever has partition 0 makes the
snapshot of each hour for all.
"""

import asyncio
from collections.abc import Callable, Mapping
from zlib import crc32

import structlog

from agents.learning.rules import LearningRules
from agents.learning.snapshots import foresight_of, make_snapshot
from agents.worker.partition import Partition
from prompts.learned.counts import HELD, Day, OpenDays, day_of
from prompts.learned.foresight import Foresight
from prompts.learned.packing import dump_days, load_days
from prompts.learned.predictor import Predictor
from prompts.learned.rhythm import quiet_s
from storage.counts import CountStore
from streams.errors import StoreCorrupt, StoreUnavailable
from streams.events.event import ShopperEvent
from streams.events.privacy import PrivacyRules
from streams.events.sensitivity import Sensitivity
from streams.kafka.batches import TP
from streams.sessions.session import Session
from streams.sessions.triggers import Rhythm, TriggerRules

log = structlog.get_logger()

HOUR_MS = 3_600_000
SHIPPED = PrivacyRules()
SLICE = 2_000
"""Pairs that are merged without a turn of the event loop: two milliseconds."""


class Learning:
    """Of one worker. `count` is how many partitions the topic has; `clock_ms` is wall time in epoch milliseconds.
    `foresight` is by the snapshot in force, and by the `predictor`; None where there is no snapshot. `privacy` says
    which categories of products are sensitive."""

    def __init__(
        self,
        store: CountStore,
        rules: LearningRules,
        count: int,
        lineage: int,
        clock_ms: Callable[[], int],
        predictor: Predictor | None = None,
        privacy: PrivacyRules = SHIPPED,
    ) -> None:
        self._store, self._rules, self._predictor = store, rules, predictor
        self._sensitivity = Sensitivity(privacy)
        self._partitions: Mapping[TP, Partition] = {}
        self._count, self._lineage, self._clock_ms = count, lineage, clock_ms
        self._written: dict[OpenDays, int] = {}
        self._made_hour = 0
        self.foresight: Foresight | None = None

    def attach(self, partitions: Mapping[TP, Partition]) -> None:
        """The partitions that the worker has at any time."""
        self._partitions = partitions

    def teach(self, partition: Partition, event: ShopperEvent, session: Session) -> None:
        """The event has just entered its session: count what it teaches, if its shopper is one of those who do."""
        if self._rules.share < 1 and crc32(f"teaches\n{event.shopper_id}".encode()) >= self._rules.share * 2**32:
            return
        partition.taught.teach(event.shopper_id, session, day_of(self._clock_ms()))

    def rhythm(self, triggers: TriggerRules) -> Rhythm:
        """For how long sessions are to be quiet, by the snapshot in force at any time."""
        return lambda session: quiet_s(session, self.foresight.learned if self.foresight else None, triggers)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.turn()
            await asyncio.sleep(self._rules.write_s)

    async def turn(self) -> None:
        """Write, make the snapshot when an hour has begun, and take up the one in force. What the store does not take
        now is tried again the next time."""
        try:
            held = list(self._partitions.values())
            for partition in held:
                await self._keep(partition)
            self._written = {each.taught: self._written[each.taught] for each in held if each.taught in self._written}
            if any(each.number == 0 and not each.ended for each in held):
                await self._make()
            await self.look()
        except (StoreUnavailable, StoreCorrupt) as error:
            log.warning("learning.postponed", error=str(error), then="counts stay in memory, rules as they are")

    async def _make(self) -> None:
        """The hour's snapshot; the first one as soon as there is anything to say."""
        now_ms = self._clock_ms()
        if now_ms // HOUR_MS <= self._made_hour:
            return
        if await make_snapshot(self._store, self._count, self._rules, now_ms, self._sensitivity):
            self._made_hour = now_ms // HOUR_MS

    async def look(self) -> None:
        """Take up the snapshot in force. Raises StoreUnavailable or StoreCorrupt."""
        name = await self._store.current()
        if not name or (self.foresight is not None and self.foresight.learned.name == name):
            return
        found = await foresight_of(self._store, name, self._predictor)
        if found is not None:
            self.foresight = found
            log.info("learning.snapshot", name=found.name)

    async def _keep(self, partition: Partition) -> None:
        """Read what earlier owners wrote, once, and write what was taught since the last time."""
        taught = partition.taught
        if taught not in self._written:
            await self._take_over(partition)
            self._written[taught] = 0
        mark = taught.taught
        if mark == self._written[taught] or partition.ended:
            return
        _make_room(taught, partition.number)
        offset = (partition.ledger.next_offset or 0) - 1
        days = [(day.number, dict(day.pairs)) for day in taught.days.values()]
        body = await asyncio.to_thread(dump_days, days)
        if partition.ended or await self._store.write(partition.number, self._lineage, offset, body):
            self._written[taught] = mark

    async def _take_over(self, partition: Partition) -> None:
        body = await self._store.lessons(partition.number)
        if body is None:
            return
        try:
            stored = await asyncio.to_thread(load_days, body)
        except ValueError as error:
            log.warning("learning.unreadable", partition=partition.number, error=str(error), then="counts begin anew")
            return
        today = day_of(self._clock_ms())
        for day in stored:
            if day.number >= today - HELD:
                await _merge(partition.taught.day(day.number, today), day)


async def _merge(day: Day, stored: Day) -> None:
    """Count what was stored, a slice a turn."""
    for at, (lesson, places) in enumerate(stored.pairs.items(), 1):
        day.add(lesson, places)
        if at % SLICE == 0:
            await asyncio.sleep(0)


def _make_room(taught: OpenDays, partition: int) -> None:
    """Where pairs were turned away, forget what one shopper alone taught."""
    for day in taught.days.values():
        if day.turned_away:
            log.warning("learning.full", partition=partition, turned_away=day.turned_away)
            day.turned_away = 0
            day.thin()
