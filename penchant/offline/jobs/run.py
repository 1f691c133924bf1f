"""Run: a process that runs jobs, with the Redis, the models and the teams of the settings."""

import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

from agents.jobs.vitals import RunnerVitals
from clients.pools.use_cases import UseCaseClient
from penchant.offline.gate import Gate
from penchant.offline.job_counts import JobCounts
from penchant.offline.jobs.fleet_look import FleetLook
from penchant.offline.jobs.products_run import run_products
from penchant.offline.jobs.requests_run import run_requests
from penchant.offline.jobs.runner import JobRunner, RunnerParts
from penchant.process.signals import stop_signals
from penchant.settings.root import Settings
from penchant.telemetry.health_server import endpoint
from penchant.telemetry.metrics.exposition import exposed
from penchant.telemetry.metrics.jobs import JOBS
from penchant.worker.use_cases import price_of, use_case
from sandbox.servers.stand_in import StandIn
from storage.instances import RedisInstances
from storage.jobs import Job, Progress, RedisJobs
from storage.keys import Keys
from storage.redis_fleet import RedisFleet

GROUP = "penchant jobs"
"""Beside the consumer groups whose names leases have."""

SIMULATED = "penchant jobs run --simulated starts no server"


async def run_jobs(settings: Settings, *, at_once: int, simulated: bool, once: bool) -> int:
    """Run jobs until SIGTERM or Ctrl-C, or with `once` until none may run; returns how many came to their end.
    StoreUnavailable is waited for. Probes and Prometheus are answered at `health.port`."""
    vitals = RunnerVitals(settings.health.bound_s, time.monotonic())
    with stop_signals() as stop:
        async with (
            endpoint(settings.health, vitals, exposed(JOBS, vitals)),
            job_runner(settings, at_once=at_once, simulated=simulated, vitals=vitals) as runner,
        ):
            await runner.run(stop, once=once)
            return vitals.ended


@asynccontextmanager
async def job_runner(
    settings: Settings, *, at_once: int, simulated: bool, vitals: RunnerVitals | None = None
) -> AsyncIterator[JobRunner]:
    """A runner with connections of its own, and one client for each use case; `vitals` hear what it sees."""
    rules = settings.redis
    redis, keys = rules.connect(), Keys(rules.namespace)
    jobs, fleet = RedisJobs(redis, keys, rules.timeout_s), RedisFleet(redis, keys, rules.timeout_s)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(redis.aclose)
        clients = _Clients(settings, stack, simulated=simulated)

        async def run_job(job: Job, gate: Gate) -> None:
            if job.kind == "products":
                await run_products(settings, job, await clients.of(job.use_case), gate, at_once)
            else:
                await run_requests(Path(job.file), Path(job.folder), gate, at_once)

        async def gate(job: Job, before: Progress) -> Gate:
            return Gate(await clients.of(job.use_case), JobCounts(before, price_of(settings, job.use_case)))

        name = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        yield JobRunner(
            RunnerParts(
                name, jobs, RedisInstances(redis, keys, rules.timeout_s, GROUP),
                FleetLook(fleet, jobs, settings.jobs), run_job, gate,
                {team: each.budget_tokens_per_hour for team, each in settings.teams.items()},
                {team: each.share for team, each in settings.teams.items()},
                vitals or RunnerVitals(settings.health.bound_s, time.monotonic()),
            )
        )  # fmt: skip


class _Clients:
    """Clients by use case, made when the first job needs one."""

    def __init__(self, settings: Settings, stack: AsyncExitStack, *, simulated: bool) -> None:
        self._settings, self._stack, self._simulated = settings, stack, simulated
        self._made: dict[str, UseCaseClient] = {}

    async def of(self, name: str) -> UseCaseClient:
        if name not in self._made:
            stand_in = StandIn(SIMULATED) if self._simulated else None
            self._made[name] = await self._stack.enter_async_context(use_case(self._settings, name, stand_in))
        return self._made[name]
