"""Jobs in Redis: decisions are compared, progress is its runner's, and counts only grow."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from storage.activity import Activity
from storage.connection import Client, ask
from storage.jobs import FIELDS, Job, Progress, RedisJobs, Runner, Spending, jobs_of
from storage.keys import Keys
from streams.errors import StoreCorrupt

JOB = Job("job_1", "requests", "/in", "/out", "search", "requests", "ada", 5)
NOTE = Activity("job", "job_1", "submit", "ada")

pytestmark = pytest.mark.redis


@pytest.fixture
def keys(namespaces: Iterator[str]) -> Keys:
    """Those of a namespace of its own."""
    return Keys(next(namespaces))


@pytest.fixture
def jobs(client: Client, keys: Keys) -> RedisJobs:
    """The jobs there."""
    return RedisJobs(client, keys, 5.0)


async def test_of_two_who_decide_at_once_one_hears_that_it_was_late(jobs: RedisJobs) -> None:
    """Nothing is lost, and the log has what was done."""
    assert await jobs.change(None, JOB, NOTE)
    assert not await jobs.change(None, JOB, NOTE)
    others = [replace(JOB, priority=priority) for priority in range(5)]
    done = await asyncio.gather(*(jobs.change(JOB, other, NOTE) for other in others[1:]))
    assert sum(done) == 1
    assert (await jobs.read()).jobs["job_1"] == others[1 + done.index(True)]


async def test_what_a_runner_says(jobs: RedisJobs) -> None:
    """Counts are added up by team, use case and hour; one that was not heard of lately is gone."""
    await jobs.change(None, JOB, NOTE)
    at_ms = (await jobs.read()).at_ms
    added = {"calls": 2, "failed": 0, "input": 30, "output": 5}
    for name, then_ms in (("ann", at_ms), ("bob", at_ms - 60_000)):
        await jobs.note(JOB, Progress(total=9, done=4), name, Runner("job_1", 1, then_ms), added)
    there = await jobs.read()
    assert there.held_by("job_1") == "ann"
    assert set(there.runners) == {"ann"}
    assert there.usage == {Spending("search", "requests"): {"calls": 4, "input": 60, "output": 10}}
    assert there.spent["search"] in (35, 70)  # a minute before may be the hour before
    await jobs.leave("ann")
    await jobs.forget(["job_1"])
    there = await jobs.read()
    assert (there.jobs, there.progress, there.runners) == ({}, {}, {})
    assert there.usage


async def test_what_is_no_job_of_ours_is_told(jobs: RedisJobs, client: Client, keys: Keys) -> None:
    """Fields of later versions are left alone."""
    await ask(client, [("HSET", keys.jobs, "newer:thing", "x")], 5.0)
    assert (await jobs.read()).jobs == {}
    await ask(client, [("HSET", keys.jobs, "job:job_2", "x")], 5.0)
    with pytest.raises(StoreCorrupt, match="job:job_2"):
        await jobs.read()


def test_time_left_goes_by_this_run() -> None:
    """Answers that were kept say nothing of the pace."""
    progress = Progress(total=100, done=60, kept=50, began_ms=0, at_ms=5_000)
    assert progress.left_s() == 20.0
    assert replace(progress, done=50).left_s() is None
    assert replace(progress, total=None).left_s() is None


async def test_others_have_their_turn_while_many_jobs_are_read() -> None:
    """One for so many fields."""
    found = {f"job:job_{at}".encode(): orjson.dumps(replace(JOB, id=f"job_{at}")) for at in range(10 * FIELDS)}
    turns, done = 0, asyncio.Event()

    async def other() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(other())
        there = await jobs_of("jobs", found, 5)
        done.set()
    assert len(there.jobs) == 10 * FIELDS
    assert turns >= 9
