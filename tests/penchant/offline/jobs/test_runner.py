"""A runner beside jobs whose model is away."""

import asyncio
from uuid import uuid4

import pytest

from clients.pools.use_cases import UseCase, UseCaseClient
from penchant.offline.jobs.fleet_look import FleetLook
from penchant.offline.jobs.gate import Gate
from penchant.offline.jobs.job_counts import JobCounts
from penchant.offline.jobs.runner import JobRunner, RunnerParts
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from sandbox.servers.stand_in import StandIn
from storage.activity import Activity
from storage.instances import RedisInstances
from storage.jobs import Job, Progress, RedisJobs
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from streams.errors import ModelUnavailable

pytestmark = pytest.mark.redis


async def test_a_job_whose_model_is_away_holds_up_no_other(redis_server: RedisServer) -> None:
    """The runner goes on with the next one, though the first would go before it."""
    settings = Settings.model_validate({"redis": {"url": redis_server.url}})
    client, keys = settings.redis.connect(), Keys(f"runner-{uuid4().hex[:12]}")
    jobs, stop, ran = RedisJobs(client, keys, 5.0), asyncio.Event(), list[str]()
    for name, priority in (("job_away", 5), ("job_here", 0)):
        job = Job(name, "requests", "/in", "/out", "search", "requests", "ada", 5, priority)
        await jobs.change(None, job, Activity("job", name, "submit", "ada"))

    async def run_job(job: Job, _: Gate) -> None:
        ran.append(job.id)
        if job.id == "job_away":
            raise ModelUnavailable("away")
        await asyncio.sleep(2.5)  # it looks meanwhile whether another goes before
        stop.set()

    async def gate(_: Job, before: Progress) -> Gate:
        return Gate(UseCaseClient("requests", UseCase(), StandIn("none")), JobCounts(before))

    leases, look = (
        RedisInstances(client, keys, 5.0, "jobs"),
        FleetLook(RedisFleet(client, keys, 5.0), jobs, settings.jobs),
    )
    parts = RunnerParts("ann", jobs, leases, look, run_job, gate, {}, {})
    async with asyncio.timeout(30):
        await JobRunner(parts).run(stop)
    assert ran == ["job_away", "job_here"]
    there = (await jobs.read()).jobs
    assert (there["job_away"].state, there["job_here"].state) == ("waiting", "done")
    await client.aclose()
