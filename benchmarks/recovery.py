"""Recovery: a worker is killed under load, or asked to end, and another takes over. The final state is held against the
log."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.ingest import Say
from benchmarks.load import Load, fill, make_topic, pace
from benchmarks.offsets import Offsets
from benchmarks.orderly_stop import OrderlyStop, orderly_stop, shared
from benchmarks.progress_file import read_again, repeated
from benchmarks.recorded_worker import RecordedWorker
from benchmarks.redis_loss import compare
from benchmarks.servers import Servers
from benchmarks.stored_calls import StoredCalls
from penchant.settings.root import Settings
from streams.errors import PlatformLacks

TOPIC = GROUP = "recovery"
LOOK_S = 0.1
SLOW = "a machine that is busy with other things has not enough left for this load."
LATEST = 1_000
"""Answered calls looked at to see whether their intents were stored before the crash."""

SHOWN = (
    "shoppers", "events", "events_per_second", "crashes", "seconds_without_owner", "seconds_to_first_intent",
    "seconds_to_catch_up", "stopping_s", "ownerless_stop_s", "events_lost", "sessions_wrong", "events_read_again",
    "calls", "calls_repeated", "calls_in_flight_at_crash", "calls_answered_not_stored", "calls_stored_still_marked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """All shoppers have a session before the load begins. A model call takes `delay_s`."""

    shoppers: int = 200_000
    events_per_second: float = 2_000.0
    steady_s: float = 20.0
    last_s: float = 10.0
    crashes: int = 3
    partitions: int = 8
    delay_s: float = 0.1
    commit_lag_s: float = 10.0
    session_timeout_s: float = 6.0
    within_s: float = 300.0


QUICK = RecoveryPlan(
    shoppers=2_000, events_per_second=300.0, steady_s=4.0, last_s=1.0, crashes=1, commit_lag_s=1.0, within_s=60.0
)


@dataclass(frozen=True, slots=True)
class Crash:
    """What one `kill -9` cost. Seconds to the first intent and to catching up count from the reassignment."""

    seconds_without_owner: float
    seconds_to_first_intent: float
    seconds_to_catch_up: float
    events_read_again: int
    calls_in_flight_at_crash: int
    calls_answered_not_stored: int
    calls_stored_still_marked: int


async def run(plan: RecoveryPlan, stage: Servers, folder: Path, say: Say) -> dict[str, Any]:
    """The whole benchmark, with the workers' logs in `folder`; `say` takes lines for people."""
    await make_topic(stage.kafka.address, TOPIC, plan.partitions)
    with closing(Offsets(stage.kafka.address, GROUP, TOPIC, plan.partitions)) as offsets:
        return await Recovery(plan, stage, offsets, folder, say).run()


class Recovery:
    """One run: workers one after the other, each but the last of them killed."""

    def __init__(self, plan: RecoveryPlan, stage: Servers, offsets: Offsets, folder: Path, say: Say) -> None:
        self._plan, self._stage, self._offsets, self._folder, self._say = plan, stage, offsets, folder, say
        self._settings: dict[str, Any] = {
            "kafka": {"bootstrap": stage.kafka.address, "topic": TOPIC, "group": GROUP,
                      "session_timeout_s": plan.session_timeout_s},
            "redis": {"url": stage.redis.url, "timeout_s": 5.0},
            "commit": {"lag_s": plan.commit_lag_s},
        }  # fmt: skip
        self._stored = StoredCalls(stage.redis.url, plan.partitions)
        self._workers: list[RecordedWorker] = []

    async def run(self) -> dict[str, Any]:
        """Everybody comes once, then steady load and crashes, then quiet; at last the comparison with the log."""
        plan = self._plan
        crashes: list[Crash] = []
        try:
            await self._begin()
            async with self._steady_load():
                for number in range(plan.crashes):
                    await asyncio.sleep(plan.steady_s)
                    crashes.append(await self._crash())
                    self._say(f"crash {number + 1} of {plan.crashes}: {crashes[-1]}")
                await asyncio.sleep(plan.steady_s)
                stop = await self._orderly_stop()
                self._say(f"an orderly stop: {stop}")
                await asyncio.sleep(plan.last_s)
            await self._until(self._all_committed, "not all is committed")
        finally:
            await asyncio.gather(*(worker.kill() for worker in self._workers))
        self._say("comparing Redis with the log")
        return await self._report(crashes, stop)

    async def _begin(self) -> None:
        """Every shopper has one event, and its session is stored."""
        worker = await self._worker()
        self._say(f"{self._plan.shoppers:,} shoppers come")
        load = Load(self._plan.shoppers, self._plan.shoppers, in_turns=True, pace_s=self._pace_s)
        await fill(self._stage.kafka.address, TOPIC, load.records())

        async def stored() -> bool:
            states = worker.progress.look().states
            return bool(states) and sum(states[-1].received.values()) == load.events and not states[-1].uncovered

        await self._until(stored, "not every shopper's session is stored")
        self._say(f"steady load, {self._plan.events_per_second:,.0f} events/s")

    @property
    def _pace_s(self) -> float:
        return self._plan.shoppers / self._plan.events_per_second

    @asynccontextmanager
    async def _steady_load(self) -> AsyncIterator[None]:
        plan = self._plan
        longest_s = (plan.crashes + 2) * plan.steady_s + (plan.crashes + 2) * plan.within_s
        until_ms = time.time_ns() // 1_000_000 + int(longest_s * 1e3)
        events = int(plan.events_per_second * longest_s)
        load = Load(events, plan.shoppers, 2, first=plan.shoppers, pace_s=self._pace_s, until_ms=until_ms)
        sending = asyncio.create_task(
            pace(self._stage.kafka.address, TOPIC, load.records(), self._plan.events_per_second)
        )
        try:
            yield
        finally:
            sending.cancel()
            await asyncio.wait({sending})

    async def _crash(self) -> Crash:
        """Kill the worker, start the next, and wait until that one has caught up."""
        victim = self._workers[-1]
        killed_s = time.monotonic()
        await victim.kill()
        # At once, as whoever supervises workers does. It owns nothing while the group still waits for the other one:
        # time to look at what that one has left.
        next_one = await self._worker()
        tape = victim.progress.look()
        received, committed = tape.states[-1].received, await self._offsets.committed()
        unstored, marked = await self._stored.not_stored(tape.ended[-LATEST:]), await self._stored.still_marked()
        await self._until(self._caught_up, "the next worker has not caught up")
        caught_up_s, told = time.monotonic(), next_one.progress.look()
        assigned_s, intent_s = told.since(lambda _: True), told.since(lambda state: state.intents > 0)
        if assigned_s is None or intent_s is None:
            raise AssertionError("a worker has caught up that never began")
        return Crash(
            seconds_without_owner=round(assigned_s - killed_s, 2),
            seconds_to_first_intent=round(intent_s - assigned_s, 2),
            seconds_to_catch_up=round(caught_up_s - assigned_s, 2),
            events_read_again=read_again(received, committed),
            calls_in_flight_at_crash=len(tape.in_flight()),
            calls_answered_not_stored=unstored,
            calls_stored_still_marked=marked,
        )

    async def _orderly_stop(self) -> OrderlyStop:
        """Start a second worker, and once both have partitions ask the first one to end."""
        leaver, heir, partitions = self._workers[-1], await self._worker(), self._plan.partitions

        async def both() -> bool:
            return shared(leaver.progress, heir.progress, partitions)

        await self._until(both, "the second worker has no partitions")
        await asyncio.sleep(self._plan.steady_s)
        asked_s = time.monotonic()
        await leaver.stop()
        stops: list[OrderlyStop] = []

        async def taken_over() -> bool:
            stop = orderly_stop(asked_s, leaver.progress, heir.progress, partitions)
            stops.extend([stop] if stop else [])
            return bool(stops)

        await self._until(taken_over, "the second worker has not got all partitions")
        return stops[0]

    async def _worker(self) -> RecordedWorker:
        number, plan = len(self._workers) + 1, self._plan
        worker = RecordedWorker(self._folder, number, self._settings, plan.delay_s, self._stage.word)
        self._workers.append(worker)
        await worker.start()
        return worker

    async def _caught_up(self) -> bool:
        """Whether less than a second of load waits, and intents come again."""
        states = self._workers[-1].progress.look().states
        if not states or not states[-1].intents:
            return False
        ends = await self._offsets.ends()
        return sum(ends.values()) - sum(states[-1].received.values()) < self._plan.events_per_second

    async def _all_committed(self) -> bool:
        return await self._offsets.committed() == await self._offsets.ends()

    async def _until(self, holds: Callable[[], Awaitable[bool]], otherwise: str) -> None:
        worker = self._workers[-1]
        try:
            async with asyncio.timeout(self._plan.within_s):
                while not await holds():
                    if worker.crashed:
                        raise PlatformLacks(f"the worker ended by itself: {worker.complaint()}")
                    await asyncio.sleep(LOOK_S)
        except TimeoutError as exc:
            raise PlatformLacks(
                f"{otherwise} after {self._plan.within_s:g} s; {SLOW} {worker.complaint()}".rstrip()
            ) from exc

    async def _report(self, crashes: Sequence[Crash], stop: OrderlyStop) -> dict[str, Any]:
        lost = await compare(Settings.model_validate(self._settings))
        tapes = [worker.progress.look() for worker in self._workers]
        again = [repeated(tapes[:number], tapes[number]) for number in range(1, len(crashes) + 1)]
        worst = {name: max(asdict(crash)[name] for crash in crashes) for name in asdict(crashes[0])}
        ends = await self._offsets.ends()
        return {
            "plan": asdict(self._plan),
            "shoppers": self._plan.shoppers,
            "events": sum(ends.values()),
            "events_per_second": self._plan.events_per_second,
            "crashes": len(crashes),
            **worst,
            **stop._asdict(),
            "events_lost": lost.events,
            "sessions_wrong": lost.sessions,
            "calls": sum(len(tape.began) for tape in tapes),
            "calls_repeated": max(again),
            "rounds": [asdict(crash) | {"calls_repeated": count} for crash, count in zip(crashes, again, strict=True)],
            "shown": SHOWN,
        }
