"""Recovery: a worker is killed under load, another takes over, and the final state is held against the log."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from agents.worker.owed_set import read
from benchmarks.ingest import Say
from benchmarks.load import Load, fill, make_topic, pace
from benchmarks.offsets import Offsets
from benchmarks.progress_file import Asked, read_again, repeated
from benchmarks.recorded_worker import RecordedWorker
from benchmarks.redis_loss import compare
from benchmarks.servers import Servers
from penchant.settings.root import Settings
from storage.keys import Keys
from streams.errors import BrokerUnavailable, PlatformLacks
from streams.sessions.positions import Position

TOPIC = GROUP = "recovery"
LOOK_S = 0.1
LATEST = 1_000
"""Answered calls looked at to see whether their intents were stored before the crash."""

SHOWN = (
    "shoppers", "events", "events_per_second", "crashes", "seconds_without_owner", "seconds_to_first_intent",
    "seconds_to_catch_up", "events_lost", "sessions_wrong", "events_read_again", "calls", "calls_repeated",
    "calls_in_flight_at_crash", "calls_answered_not_stored", "calls_stored_still_marked",
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
        self._keys = Keys()
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
                await asyncio.sleep(plan.last_s)
            await self._until(self._all_committed)
        finally:
            await asyncio.gather(*(worker.kill() for worker in self._workers))
        self._say("comparing Redis with the log")
        return await self._report(crashes)

    async def _begin(self) -> None:
        """Every shopper has one event, and its session is stored."""
        worker = await self._worker()
        self._say(f"{self._plan.shoppers:,} shoppers come")
        load = Load(self._plan.shoppers, self._plan.shoppers, in_turns=True, pace_s=self._pace_s)
        await fill(self._stage.kafka.address, TOPIC, load.records())

        async def stored() -> bool:
            states = worker.progress.look().states
            return bool(states) and sum(states[-1].received.values()) == load.events and not states[-1].uncovered

        await self._until(stored)
        self._say(f"steady load, {self._plan.events_per_second:,.0f} events/s")

    @property
    def _pace_s(self) -> float:
        return self._plan.shoppers / self._plan.events_per_second

    @asynccontextmanager
    async def _steady_load(self) -> AsyncIterator[None]:
        plan = self._plan
        longest_s = (plan.crashes + 1) * plan.steady_s + plan.crashes * plan.within_s
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
        tape = victim.progress.look()
        received, committed = tape.states[-1].received, await self._offsets.committed()
        unstored, marked = await self._not_stored(tape.ended[-LATEST:]), await self._still_marked()
        next_one = await self._worker()
        await self._until(self._caught_up)
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

    async def _worker(self) -> RecordedWorker:
        worker = RecordedWorker(self._folder, len(self._workers) + 1, self._settings, self._plan.delay_s)
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

    async def _not_stored(self, answered: Sequence[Asked]) -> int:
        """How many calls had an answer that did not come to stand in Redis."""
        stored = await self._intents([asked.shopper for asked in answered])
        return sum(offset < asked.offset for asked, offset in zip(answered, stored, strict=True))

    async def _still_marked(self) -> int:
        """How many are marked as owed a call whose intent stands in Redis: the mark goes after the intent is there."""
        async with Redis.from_url(self._stage.redis.url, decode_responses=True) as client:
            found = [await client.smembers(self._keys.owed(number)) for number in range(self._plan.partitions)]
        marks = [read(number, [str(mark) for mark in each]) for number, each in enumerate(found)]
        named = [mark for each in marks for mark in each]
        stored = await self._intents([shopper for shopper, _ in named])
        return sum(offset >= position.offset for (_, position), offset in zip(named, stored, strict=True))

    async def _intents(self, shoppers: Sequence[str]) -> list[int]:
        """The offsets of stored intents, -1 where there is none."""
        async with Redis.from_url(self._stage.redis.url, decode_responses=True) as client:
            pipe = client.pipeline(transaction=False)
            for shopper in shoppers:
                pipe.hget(self._keys.intent(shopper), "position")
            positions = await pipe.execute()
        return [-1 if position is None else Position.parse(position).offset for position in positions]

    async def _until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        worker = self._workers[-1]
        try:
            async with asyncio.timeout(self._plan.within_s):
                while not await holds():
                    if worker.crashed:
                        raise PlatformLacks(f"the worker ended by itself: {worker.complaint()}")
                    await asyncio.sleep(LOOK_S)
        except TimeoutError as exc:
            raise BrokerUnavailable(f"not done within {self._plan.within_s:g} s: {worker.complaint()}") from exc

    async def _report(self, crashes: Sequence[Crash]) -> dict[str, Any]:
        lost = await compare(Settings.model_validate(self._settings))
        tapes = [worker.progress.look() for worker in self._workers]
        again = [repeated(tapes[:number], tapes[number]) for number in range(1, len(tapes))]
        worst = {name: max(asdict(crash)[name] for crash in crashes) for name in asdict(crashes[0])}
        ends = await self._offsets.ends()
        return {
            "plan": asdict(self._plan),
            "shoppers": self._plan.shoppers,
            "events": sum(ends.values()),
            "events_per_second": self._plan.events_per_second,
            "crashes": len(crashes),
            **worst,
            "events_lost": lost.events,
            "sessions_wrong": lost.sessions,
            "calls": sum(len(tape.began) for tape in tapes),
            "calls_repeated": max(again),
            "rounds": [asdict(crash) | {"calls_repeated": count} for crash, count in zip(crashes, again, strict=True)],
            "shown": SHOWN,
        }
