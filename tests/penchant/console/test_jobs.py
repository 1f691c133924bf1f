"""The console's jobs: what a page shows of them, and holding, ordering and ending one by right and with a reason."""

from pathlib import Path
from typing import Any

import pytest

from clients.pools.endpoints import Price
from penchant.console.views.jobs import SHOWN, job, jobs
from penchant.operations.control import activity
from penchant.operations.jobs import JobAsked, find_job, submit
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from storage.jobs import Job, Jobs, Progress, Runner, Spending
from tests.penchant.console.looks import AT_MS, snapshot
from tests.penchant.console.test_app import opened, post
from tests.penchant.console.world import settings


def a_job(number: int = 0, **more: Any) -> Job:
    return Job(f"job_{number}", "requests", "/in", "/out", "search", "requests", "ada", AT_MS + number, **more)


RUNNING = Jobs(
    {each.id: each for each in (a_job(0, priority=2), a_job(1, deadline_ms=AT_MS), a_job(2, state="done"))},
    {"job_0": Progress(400, 100, 3, 0, 98, 1_000, 800, 500, 0, 0.25, AT_MS, AT_MS + 50_000)},
    {"r1": Runner("job_0", 7, AT_MS)},
    {Spending("search", "requests"): {"calls": 10, "input": 100, "output": 50, "ms": 5_000}},
    at_ms=AT_MS,
)
PRICE = Price(per_million_input=1.0)


def test_a_page_says_how_far_jobs_are() -> None:
    """Those that run and wait first, with pace, time left, tokens and cost; and what teams have spent."""
    shown = jobs(RUNNING, lambda _: PRICE, snapshot(), "")
    assert shown["answer"] == "1 job runs, 1 waits."
    assert shown["reason"].startswith("1 runner alive, 7 calls in flight.")
    first, second, third = shown["rows"]
    assert (first["state"], second["state"], third["state"]) == ("running", "waiting", "done")
    assert (first["done"], str(first["pace"]), str(first["left"]), first["width"]) == (
        "100 of 400",
        "2.0 /s",
        "2 min",
        "25.0%",
    )
    assert (str(second["pace"]), str(second["left"]), str(second["cost"])) == ("-", "-", "-")
    assert (shown["bills"][0]["team"], str(shown["bills"][0]["mean"])) == ("search", "500 ms")
    facts = dict((job(RUNNING, "job_0", snapshot()) or {})["facts"])
    assert (facts["Runner"], facts["Team"]) == ("r1", "search")
    assert job(RUNNING, "job_9", snapshot()) is None


def test_however_many_jobs_there_are_a_page_is_bounded() -> None:
    """What is left out is counted; where nothing is there, or nothing can be read, the page says so."""
    many = Jobs({each.id: each for each in map(a_job, range(300))})
    shown = jobs(many, lambda _: None, snapshot(), "")
    assert (len(shown["rows"]), shown["left_out"]) == (SHOWN, 300 - SHOWN)
    assert jobs(Jobs(), lambda _: None, snapshot(), "")["answer"] == "No job was submitted."
    assert "Redis: away" in jobs(Jobs(), lambda _: None, snapshot(), "Redis: away")["answer"]


async def submitted(given: Settings, folder: Path) -> Job:
    """A job of nothing."""
    file = folder / "requests.jsonl"
    file.write_text("")
    return await submit(
        given, JobAsked("requests", file, folder / "out", "requests", team="search"), "ada", "<b>why</b>"
    )


@pytest.mark.redis
async def test_an_operator_decides_on_a_job_with_a_reason(redis_server: RedisServer, tmp_path: Path) -> None:
    """Hold, order, go on and end; the activity log has who did it, and what makes no sense is said."""
    given = settings(redis_server.url)
    it = await submitted(given, tmp_path)
    async with opened(given) as client:
        assert it.id in (await client.get("/jobs")).text
        page = (await client.get(f"/jobs?id={it.id}")).text
        assert "&lt;b&gt;why&lt;/b&gt;" in page
        assert (await post(client, "/jobs", name=it.id, do="pause")).status_code == 400
        for do in ("pause", "resume", "priority"):
            await post(client, "/jobs", name=it.id, do=do, priority="7", why="night")
        view = await find_job(given, it.id)
        assert (view.state, view.job.priority) == ("waiting", 7)
        assert (await post(client, "/jobs", name=it.id, do="priority", priority="x", why="night")).status_code == 400
        assert (await post(client, "/jobs", name=it.id, do="burn", why="night")).status_code == 400
        assert (await post(client, "/jobs", name=it.id, do="cancel", why="night")).status_code == 303
        again = await post(client, "/jobs", name=it.id, do="pause", why="night")
        assert (again.status_code, "is cancelled" in again.text) == (400, True)
        assert (await client.get("/jobs?id=job_none")).status_code == 404
        assert f"job {it.id}" in (await client.get("/activity")).text
    assert [entry.value for entry in await activity(given, 9)] == ["cancel", "priority 7", "resume", "pause", "submit"]


@pytest.mark.redis
async def test_whoever_may_not_operate_decides_on_no_job(redis_server: RedisServer, tmp_path: Path) -> None:
    """Neither shown nor taken in a console that is read-only."""
    given = settings(redis_server.url, console={"port": 0, "read_only": True})
    it = await submitted(given, tmp_path)
    async with opened(given) as client:
        assert "Decide on it" not in (await client.get(f"/jobs?id={it.id}")).text
        assert (await post(client, "/jobs", name=it.id, do="cancel", why="x")).status_code == 403
    assert (await find_job(given, it.id)).state == "waiting"


async def test_a_job_that_cannot_be_read_is_not_called_gone() -> None:
    """A console that has not read any yet, and whose Redis is away, says so; it does not say that there is none."""
    given = settings("redis://127.0.0.1:1/0")
    async with opened(given) as client:
        answer = await client.get("/jobs?id=job_1")
    assert (answer.status_code, "there is no job" in answer.text) == (503, False)
