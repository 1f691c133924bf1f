"""A runner beside jobs whose model is away, or whose deadline has passed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest

from agents.jobs.vitals import RunnerVitals
from clients.pools.use_cases import UseCase, UseCaseClient
from penchant.offline.gate import PROBE, Gate
from penchant.offline.job_counts import JobCounts
from penchant.offline.jobs.fleet_look import FleetLook
from penchant.offline.jobs.runner import JobRunner, RunJob, RunnerParts
from penchant.operations.jobs import views
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from sandbox.servers.stand_in import StandIn
from storage.activity import Activity
from storage.instances import RedisInstances
from storage.jobs import Job, Jobs, Progress, RedisJobs
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from streams.errors import JobHeld, ModelUnavailable

pytestmark = pytest.mark.redis

JOB = Job("job_here", "requests", "/in", "/out", "search", "requests", "ada", 5)


@dataclass(frozen=True, slots=True)
class World:
    """Jobs in a namespace of their own, and a runner of them."""

    jobs: RedisJobs
    parts: RunnerParts

    async def run(self, stop: asyncio.Event, *, once: bool = False) -> Mapping[str, str]:
        """Run what may run; returns what became of each."""
        async with asyncio.timeout(60):
            await JobRunner(self.parts).run(stop, once=once)
        return {name: job.state for name, job in (await self.jobs.read()).jobs.items()}


@asynccontextmanager
async def world(redis: RedisServer, run_job: RunJob, *jobs: Job) -> AsyncIterator[World]:
    """These jobs, and a runner that does `run_job`."""
    settings = Settings.model_validate({"redis": {"url": redis.url}})
    client, keys = settings.redis.connect(), Keys(f"runner-{uuid4().hex[:12]}")
    store = RedisJobs(client, keys, 5.0)
    for job in jobs:
        await store.change(None, job, Activity("job", job.id, "submit", "ada"))

    async def gate(_: Job, before: Progress) -> Gate:
        return Gate(UseCaseClient("requests", UseCase(), StandIn("none")), JobCounts(before))

    leases = RedisInstances(client, keys, 5.0, "jobs")
    look = FleetLook(RedisFleet(client, keys, 5.0), store, settings.jobs)
    try:
        yield World(store, RunnerParts("ann", store, leases, look, run_job, gate, {}, {}, RunnerVitals(60.0, 0.0)))
    finally:
        await client.aclose()


async def test_a_job_whose_model_is_away_holds_up_no_other(redis_server: RedisServer) -> None:
    """The runner goes on with the next one, though the first would go before it; and says why that one waits."""
    stop, ran = asyncio.Event(), list[str]()

    async def run_job(job: Job, _: Gate) -> None:
        ran.append(job.id)
        if job.id == "job_away":
            raise ModelUnavailable("nobody listens")
        await asyncio.sleep(2.5)  # it looks meanwhile whether another goes before
        stop.set()

    async with world(redis_server, run_job, replace(JOB, id="job_away", priority=5), JOB) as made:
        assert await made.run(stop) == {"job_away": "waiting", "job_here": "done"}
        there = await made.jobs.read()
    assert ran == ["job_away", "job_here"]
    assert {each.job.id: each.waits for each in views(there)} == {"job_away": "nobody listens", "job_here": ""}


@pytest.mark.parametrize("state", ["waiting", "paused"])
async def test_a_job_expires_at_its_deadline(redis_server: RedisServer, state: str) -> None:
    """Whether anybody ran it or not. Its run is told so, and may write what was answered."""
    why = list[str]()

    async def run_job(_: Job, gate: Gate) -> None:
        try:
            await gate.ask(PROBE)
        except JobHeld as held:
            why.append(str(held))
            raise

    late = replace(JOB, id="job_late", state=state, deadline_ms=6)  # type: ignore[arg-type] # one of two
    async with world(redis_server, run_job, late, replace(JOB, state="paused")) as made:
        assert await made.run(asyncio.Event(), once=True) == {"job_late": "expired", "job_here": "paused"}
        there = await made.jobs.read()
    assert why == ["its deadline has passed"]
    assert there.jobs["job_late"].ended_ms
    assert there.jobs["job_late"].why == "its deadline has passed: 0 done, 0 failed"


async def test_a_job_expires_while_its_model_is_away(redis_server: RedisServer) -> None:
    """What its run raises then is no outage that it would wait for."""

    async def run_job(_: Job, gate: Gate) -> None:
        while gate.held is None:  # noqa: ASYNC110 # the runner holds it
            await asyncio.sleep(0.05)
        raise ModelUnavailable("nobody listens")

    async with world(redis_server, run_job) as made:
        late = replace(JOB, deadline_ms=(await made.jobs.read()).at_ms + 500)
        await made.jobs.change(None, late, Activity("job", late.id, "submit", "ada"))
        assert await made.run(asyncio.Event(), once=True) == {"job_here": "expired"}


async def test_a_job_whose_model_is_away_expires_and_holds_up_no_other(redis_server: RedisServer) -> None:
    """Though its run ends before the runner looks for the first time."""
    ran = list[str]()

    async def run_job(job: Job, _: Gate) -> None:
        ran.append(job.id)
        if job.id == "job_late":
            raise ModelUnavailable("nobody listens")

    async with world(redis_server, run_job, replace(JOB, id="job_late", deadline_ms=6), JOB) as made:
        assert await made.run(asyncio.Event(), once=True) == {"job_late": "expired", "job_here": "done"}
    assert ran == ["job_late", "job_here"]


def test_why_a_job_waits_is_said_of_one_that_waits() -> None:
    """What its last run said is over once somebody has it, or it has ended."""
    progress = {"job_here": Progress(waits="nobody listens")}
    for state, waits in (("waiting", "nobody listens"), ("cancelled", ""), ("done", "")):
        [view] = views(Jobs({"job_here": replace(JOB, state=state)}, progress))  # type: ignore[arg-type] # states
        assert view.waits == waits
