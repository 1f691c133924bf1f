"""Runner: takes the job that goes first, holds it alone, and gives it up when it is to stand still.

A job is held by a lease of seconds. Whoever loses it begins no call any more, and another runner goes on from the job's
folder; so at most the calls that were in flight are made twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from agents.jobs.order import LATE, expired, goes_before, in_order, is_late, is_spent
from agents.jobs.share import own_room
from agents.jobs.vitals import RunnerVitals
from penchant.offline.gate import END_S, Gate
from penchant.offline.jobs.fleet_look import FleetLook, Seen
from storage.activity import Activity
from storage.instances import HELD_S, RedisInstances
from storage.jobs import Job, Progress, RedisJobs, Runner, State
from streams.errors import (
    DeadlinePassed,
    Drop,
    JobExpired,
    JobHeld,
    ModelUnavailable,
    Refuse,
    Retry,
    Stop,
    StoreUnavailable,
)

TRIES = 5
LOOK_S = 1.0
AGAIN_S = 5.0
AWAY_S = 60.0
"""How long others go before a job whose model is away."""

WRITE_S = 20.0
"""How long a job that is held may take to write what was answered, once its calls have ended."""

RunJob = Callable[[Job, Gate], Awaitable[None]]
"""Does a job to its end. Raises JobHeld when the gate is held."""

MakeGate = Callable[[Job, Progress], Awaitable[Gate]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RunnerParts:
    """What a runner works with: `budgets` and `shares` of teams, by name. `vitals` hear of each look."""

    name: str
    jobs: RedisJobs
    leases: RedisInstances
    look: FleetLook
    run_job: RunJob
    gate: MakeGate
    budgets: Mapping[str, int | None]
    shares: Mapping[str, float]
    vitals: RunnerVitals


class JobRunner:
    """One process's."""

    def __init__(self, parts: RunnerParts) -> None:
        self._parts = parts
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._ahead_ms = 0.0
        self._away_until_s: dict[str, float] = {}

    async def run(self, stop: asyncio.Event, *, once: bool = False) -> None:
        """Run jobs until `stop`, or with `once` until none is left that may run."""
        try:
            while not stop.is_set():
                try:
                    took = await self._next(stop)
                except Retry as error:
                    log.warning("jobs.waits", error=str(error), for_s=AGAIN_S)
                    await _pause(stop, AGAIN_S)
                    continue
                if not took:
                    if once:
                        return
                    await _pause(stop, LOOK_S)
        finally:
            with suppress(StoreUnavailable):
                await self._parts.jobs.leave(self._parts.name)

    async def _next(self, stop: asyncio.Event) -> bool:
        """Take the first job that nobody has, and run it; returns whether there was one, or one whose model is away."""
        parts = self._parts
        seen = await self._look()
        self._away_until_s = {job: until_s for job, until_s in self._away_until_s.items() if until_s > self._now()}
        for job in (*expired(seen.jobs), *self._in_order(seen)):
            if await parts.leases.claim(job.id, parts.name) == parts.name:
                try:
                    await self._hold(job, seen, stop)
                except (ModelUnavailable, DeadlinePassed) as error:
                    log.warning("job.waits", job=job.id, error=str(error), for_s=AWAY_S)
                    self._away_until_s[job.id] = self._now() + AWAY_S
                finally:
                    with suppress(StoreUnavailable):
                        await parts.leases.release(job.id, parts.name)
                return True
        if self._away_until_s:
            await _pause(stop, LOOK_S)
        return bool(self._away_until_s)

    def _in_order(self, seen: Seen) -> list[Job]:
        """The jobs that may run, but for those whose model was away just now."""
        away, now_s = self._away_until_s, self._now()
        return [job for job in in_order(seen.jobs, self._parts.budgets) if away.get(job.id, now_s) <= now_s]

    async def _hold(self, job: Job, seen: Seen, stop: asyncio.Event) -> None:
        gate = await self._parts.gate(job, seen.jobs.progress.get(job.id, Progress()))
        gate.tally.begin(seen.jobs.at_ms)
        if is_late(job, seen.jobs.at_ms):  # its run may end before it is looked at: by a model that is away
            await gate.hold(JobExpired(LATE))
        log.info("job.begins", job=job.id, kind=job.kind, team=job.team)
        running = asyncio.ensure_future(self._parts.run_job(job, gate))
        keeping = asyncio.create_task(self._keep(job, gate, stop))
        try:
            await asyncio.wait([running, keeping], return_when=asyncio.FIRST_COMPLETED)
            if keeping.done() and keeping.exception() is None:
                await self._let_end(job, running)
        finally:
            for task in (running, keeping):
                task.cancel()
            await asyncio.gather(running, keeping, return_exceptions=True)
            if not running.cancelled() and isinstance(error := running.exception(), Drop | Retry):
                gate.tally.stop(str(error), outage=isinstance(error, Retry))
            with suppress(StoreUnavailable):
                await self._note(job, gate, "")
        if not keeping.cancelled():
            keeping.result()
        await self._end(job, gate, None if running.cancelled() else running.exception(), running.cancelled())

    async def _let_end(self, job: Job, running: asyncio.Future[None]) -> None:
        """What is in flight may end, and what was answered be written, while nobody else begins with the job."""
        until_s = self._now() + END_S + WRITE_S
        while not running.done() and self._now() < until_s:
            with suppress(StoreUnavailable):
                if await self._parts.leases.claim(job.id, self._parts.name) != self._parts.name:
                    return
            await asyncio.wait([running], timeout=LOOK_S)

    async def _keep(self, job: Job, gate: Gate, stop: asyncio.Event) -> None:
        """Hold the lease, say how far it is, and let as many calls through as there is room for, until the job is to
        stand still. While Redis is away the lease counts for as long as it is surely ours."""
        kept_s = self._now()
        while True:
            try:
                holder = await self._parts.leases.claim(job.id, self._parts.name)
                seen = await self._look()
                await self._note(job, gate, job.id)
                kept_s = self._now()
                held = self._held(job, holder, seen, stop)
                await gate.allow(own_room(seen.room, seen.jobs, job, self._parts.name, self._parts.shares))
            except StoreUnavailable as error:
                held = JobHeld(str(error)) if self._now() - kept_s > HELD_S / 2 else None
            if held is not None:
                log.info("job.held", job=job.id, why=str(held))
                await gate.hold(held)
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await stop.wait()

    def _held(self, job: Job, holder: str, seen: Seen, stop: asyncio.Event) -> JobHeld | None:
        """That it is to stand still, and why; None while it is not."""
        why = self._reason(job, holder, seen, stop)
        if holder == self._parts.name and not stop.is_set() and job.id in {each.id for each in expired(seen.jobs)}:
            return JobExpired(LATE)
        return None if why is None else JobHeld(why)

    def _reason(self, job: Job, holder: str, seen: Seen, stop: asyncio.Event) -> str | None:
        parts, now = self._parts, seen.jobs.jobs.get(job.id)
        if stop.is_set():
            return "the runner stops"
        if holder != parts.name:
            return f"{holder} has it"
        if now is None or now.state != "waiting":
            return "it was removed" if now is None else f"it is {now.state}"
        if is_spent(seen.jobs, parts.budgets, job.team):
            return f"the team {job.team} has spent its budget of this hour"
        waiting = (each for each in self._in_order(seen) if seen.jobs.held_by(each.id) is None)
        urgent = next((each for each in waiting if each.id != job.id), None)
        if urgent is not None and goes_before(urgent, job):
            return f"{urgent.id} goes before it"
        return None

    async def _look(self) -> Seen:
        vitals = self._parts.vitals
        vitals.tries(self._now())
        try:
            seen = await self._parts.look.look()
        except Retry as error:
            vitals.missed(str(error))
            raise
        vitals.saw(seen.jobs, seen.room, self._now())
        self._ahead_ms = seen.jobs.at_ms - self._now() * 1e3
        return seen

    async def _note(self, job: Job, gate: Gate, runs: str) -> None:
        """How far it is, and which job this process runs. What cannot be said now is said the next time."""
        now_ms = int(self._now() * 1e3 + self._ahead_ms)
        added, runner = gate.tally.take(now_ms), Runner(runs, gate.in_flight, now_ms)
        try:
            await self._parts.jobs.note(job, gate.tally.progress, self._parts.name, runner, added)
        except StoreUnavailable:
            gate.tally.give_back(added)
            raise

    async def _end(self, job: Job, gate: Gate, error: BaseException | None, cut_off: bool) -> None:  # noqa: FBT001 # as it was
        """What became of it. A job that is held, or whose model is away, waits, unless its deadline has passed."""
        stopped, done = cut_off or isinstance(error, Drop | Retry), gate.tally.progress
        counts = f"{done.done:,} done, {done.failed:,} failed"
        if stopped and isinstance(gate.held, JobExpired):
            await self._state(job, "expired", f"{gate.held}: {counts}")
        elif cut_off or isinstance(error, Drop):
            return
        elif error is None:
            await self._state(job, "done", counts)
        elif isinstance(error, Stop | Refuse):
            await self._state(job, "failed", str(error))
        else:
            raise error
        self._parts.vitals.ended += 1

    async def _state(self, job: Job, state: State, why: str) -> None:
        activity = Activity("job", job.id, state, self._parts.name, why)
        for _ in range(TRIES):
            there = await self._parts.jobs.read()
            now = there.jobs.get(job.id)
            if now is None or now.state == "cancelled":
                return
            if await self._parts.jobs.change(now, replace(now, state=state, why=why, ended_ms=there.at_ms), activity):
                log.info("job.ended", job=job.id, state=state, why=why)
                return
        raise StoreUnavailable(f"others decide on {job.id} all the time")


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
