"""A worker's parts that hold many sessions, in a process of their own: `python -m benchmarks.holding_worker PLAN`.

PLAN is JSON: `shoppers` and `partitions`; `owed`: every shopper asks for a call, else one in twenty does. There is no
Kafka, the store answers at once, the model after half a second: what holds the loop is the worker. Prints its figures
as one JSON object, and ends.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import orjson

from agents.worker.eviction import EvictionRules
from benchmarks.held_parts import Holding, clock_ms, held_pools, held_worker
from benchmarks.held_store import EVENTS, subjects
from benchmarks.load import EVENT
from benchmarks.turns import TurnMeter
from penchant.offline.whatif.arrivals import Record
from penchant.process.collector import CollectorRules, collect
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from streams.kafka.batches import TP, RecordBatch

TOPIC, EPOCH = "held", 1
FETCHED = 500
"""Records of a batch."""

ASKING = 20
"""Every so many shoppers ask for a call, where not all do."""

BYTES = 10_000
"""More than a session takes."""

PACKED = 0.8
"""The share of sessions that is packed when enough is: some shoppers are owed a call for long."""

NEVER_S, LOOK_S, DRAIN_S, WITHIN_S = 1e9, 0.05, 5.0, 3_600.0
Phase = Coroutine[Any, Any, None]


class HoldingWorker:
    """The parts, and what becomes of them phase by phase."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._shoppers: int = plan["shoppers"]
        self._trickles: int = plan["trickles"]
        self._asking = 1 if plan["owed"] else ASKING
        self._partitions = [TP(TOPIC, number) for number in range(plan["partitions"])]
        self._offsets = dict.fromkeys(self._partitions, EVENTS)
        self._subjects = subjects()
        most = {"most": self._shoppers * 2, "most_bytes": self._shoppers * BYTES}
        self._hot = EvictionRules(pack_s=NEVER_S, drop_s=NEVER_S, **most)
        limits = {"max_sessions": most["most"], "max_bytes": most["most_bytes"]}
        settings = Settings.model_validate({"backlog": limits, "commit": {"lag_s": 0.0}})
        self._behind, self._pools, self._turns = True, held_pools(), TurnMeter()
        worker = held_worker(settings, len(self._partitions), self._hot, self._pools, lambda: self._behind)
        self._enrichment, self._backlog = cast("Holding", worker.enrichment), worker.memory.backlog
        self._phases: dict[str, Any] = {}

    async def run(self) -> dict[str, Any]:
        """All phases; `cpu_s` is what the process has used until now."""
        await self._enrichment.look_at_store()
        for tp in self._partitions:
            self._enrichment.assigned(tp, EPOCH)
        async with self._running():
            await self._phase("take in", self._take_in(1))
            self._behind = False
            await self._phase("hold", self._hold())
            if self._asking > 1:
                await self._phase("pack", self._pack())
                await self._phase("hold packed", self._hold())
                await self._phase("evict", self._evict())
                await self._phase("take in again", self._take_in(4))
            await self._phase("revoke", self._revoke())
            await self._phase("stop", self._stop())
        return {"phases": self._phases, "cpu_s": time.process_time()}

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        collecting = collect(CollectorRules(), lambda: not self._backlog.waiting())
        runs = (self._enrichment.run(), self._pools.run(), collecting, self._turns.run())
        async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as tasks:
            started = [tasks.create_task(each) for each in runs]
            await asyncio.sleep(LOOK_S)  # the collector takes over, which is no part of what is measured
            yield
            for task in started:
                task.cancel()

    async def _phase(self, name: str, work: Phase) -> None:
        self._turns.take()
        began_s = time.process_time()
        await work
        figures, held = self._turns.take(), self._enrichment.held()
        self._phases[name] = {
            "cpu_s": round(time.process_time() - began_s, 1),
            "loop_lag_ms": figures.lag_ms,
            "longest_turn_ms": figures.longest_ms,
            "beats": figures.beats,
            "hot": held.hot,
            "packed": held.packed,
            "owed": len(self._backlog),
            "estimate_mb": round(held.size_bytes / 2**20),
            "memory_mb": round(_memory_bytes() / 2**20),
        }

    async def _take_in(self, each: int) -> None:
        """An event of every shopper, or every n-th one, all partitions side by side."""
        await asyncio.gather(*(self._feed(tp, self._numbers(tp)[::each]) for tp in self._partitions))

    def _numbers(self, tp: TP) -> range:
        return range(tp.partition, self._shoppers, len(self._partitions))

    async def _feed(self, tp: TP, numbers: range) -> None:
        for first in range(0, len(numbers), FETCHED):
            while tp in self._enrichment.paused:  # noqa: ASYNC110 (nobody says when it is read again)
                await asyncio.sleep(LOOK_S)
            records = list(self._records(tp, numbers[first : first + FETCHED]))
            await self._enrichment.take(RecordBatch(TOPIC, tp.partition, EPOCH, records))

    def _records(self, tp: TP, numbers: range) -> Iterator[Record]:
        """What those shoppers do now."""
        for who in numbers:
            offset = self._offsets[tp]
            self._offsets[tp] += 1
            action = b"view" if who // len(self._partitions) % self._asking == 0 else b"list_view"
            told = (offset, who, action, clock_ms(), self._subjects[offset % len(self._subjects)])
            yield Record(offset, clock_ms(), b"shopper-%07d" % who, EVENT % told)

    async def _hold(self) -> None:
        """A hundred events of one partition, again and again."""
        for step in range(self._trickles):
            tp = self._partitions[step % len(self._partitions)]
            await self._feed(tp, self._numbers(tp)[step * 100 : step * 100 + 100])
            await asyncio.sleep(LOOK_S)

    async def _pack(self) -> None:
        """The sessions of shoppers who are owed nothing."""
        self._enrichment.keep(replace(self._hot, pack_s=0.0))
        while (held := self._enrichment.held()).packed < PACKED * held.sessions:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(LOOK_S)

    async def _evict(self) -> None:
        """Down to three quarters, as if the worker might hold no more."""
        most = self._shoppers * 3 // 4
        self._enrichment.keep(replace(self._hot, most=most))
        while self._enrichment.held().sessions > most:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(LOOK_S)
        self._enrichment.keep(self._hot)

    async def _revoke(self) -> None:
        """Every other partition goes to somebody else."""
        await self._leave(self._partitions[::2])
        while self._enrichment.departing:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(LOOK_S)

    async def _stop(self) -> None:
        """The others go as at a worker's end, which does not wait until they are freed."""
        await self._leave(self._partitions[1::2])

    async def _leave(self, tps: Sequence[TP]) -> None:
        await self._enrichment.drain(tps, DRAIN_S)
        for tp in tps:
            self._enrichment.revoked(tp)
        await asyncio.sleep(LOOK_S)


def _memory_bytes() -> int:
    """What this process holds in memory, by /proc; 0 where there is none."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def main() -> None:
    """Measure once and print."""
    plan = orjson.loads(sys.argv[1])
    configure_logs("critical")
    print(orjson.dumps(asyncio.run(HoldingWorker(plan).run())).decode(), flush=True)


if __name__ == "__main__":
    main()
