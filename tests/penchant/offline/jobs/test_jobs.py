"""penchant jobs as people call it: submitted, held, urgent ones first, and when a runner is killed."""

import asyncio
import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from penchant.offline.jobs.run import job_runner
from penchant.operations.control import activity, throw
from penchant.operations.jobs import JobAsked, bills, find_job, move, read_jobs, set_priority, submit, views
from penchant.settings.root import Settings
from sandbox.servers.openai import OpenAIServer
from sandbox.servers.redis import RedisServer
from sandbox.servers.server import LOOPBACK, free_ports
from storage.jobs import Job
from streams.errors import SettingInvalid
from tests.penchant.commands import Command, run

ROWS, AT_ONCE = 400, 4
ANSWERED = 'penchant_job_calls_total{outcome="answered",team="ada",use_case="requests"}'

pytestmark = pytest.mark.redis


def named(server: RedisServer, **more: Any) -> Settings:
    """Settings in a namespace of their own."""
    redis = {"url": server.url, "namespace": f"jobs-{uuid4().hex[:12]}", "timeout_s": 10.0}
    return Settings.model_validate({"redis": redis, **more})


def variables(settings: Settings) -> dict[str, object]:
    """The same for a command."""
    return {"REDIS__URL": settings.redis.url, "REDIS__NAMESPACE": settings.redis.namespace, "REDIS__TIMEOUT_S": 10}


def requests(folder: Path, count: int, name: str = "requests.jsonl") -> Path:
    """A file of so many requests."""
    lines = [
        {"custom_id": f"r{at}", "method": "POST", "url": "/v1/chat/completions",
         "body": {"messages": [{"role": "user", "content": f"Which blue is number {at}?"}], "max_tokens": 20}}
        for at in range(count)
    ]  # fmt: skip
    path = folder / name
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


async def submitted(settings: Settings, folder: Path, count: int = 3, **asked: Any) -> Job:
    """A job of so many requests."""
    out = folder / uuid4().hex[:8]
    return await submit(settings, JobAsked("requests", requests(folder, count), out, "requests", **asked), "ada@host")


def spoil(file: Path) -> None:
    """Add three wrong lines: one that is not whole, one that is no JSON, and the first once more."""
    first = file.read_text("utf-8").splitlines()[0]
    with file.open("a", encoding="utf-8") as more:
        more.write(f'{{"custom_id": "r9", "method": "GET"}}\nno json\n{first}')


async def until_none_is_left(settings: Settings) -> None:
    """Run what may run, with the simulated model."""
    async with job_runner(settings, at_once=4, simulated=True) as runner, asyncio.timeout(60):
        await runner.run(asyncio.Event(), once=True)


def output(job: Job, name: str = "output.jsonl") -> list[dict[str, Any]]:
    """The lines of a job's file."""
    return [json.loads(line) for line in (Path(job.folder) / name).read_bytes().splitlines()]


async def test_a_file_of_requests_is_answered(redis_server: RedisServer, tmp_path: Path) -> None:
    """In the order of its lines; a wrong line goes to the errors with its number, and the team has a bill."""
    price = {"per_million_input": 1.0, "per_million_output": 2.0}
    settings = named(redis_server, model={"price": price}, teams={"search": {"members": ["ada@host"]}})
    job = await submitted(settings, tmp_path)
    spoil(Path(job.file))
    await until_none_is_left(settings)
    view = await find_job(settings, job.id)
    assert (view.state, view.progress.done, view.progress.failed, view.progress.calls) == ("done", 6, 3, 3)
    assert [line["custom_id"] for line in output(job)] == ["r0", "r1", "r2"]
    assert all(line["response"]["body"]["choices"][0]["message"]["content"] for line in output(job))
    wrong = [line["error"]["message"] for line in output(job, "errors.jsonl")]
    assert [words.partition(":")[0] for words in wrong] == ["line 4", "line 5", "line 6"]
    [bill] = bills(await read_jobs(settings), lambda _: settings.model.price)
    assert (bill.team, bill.use_case, bill.calls, bill.cost) == ("search", "requests", 3, view.progress.cost)
    assert bill.cost is not None
    assert bill.cost > 0
    assert [each.value for each in await activity(settings, 9)] == ["done", "submit"]


async def test_two_jobs_do_not_write_into_one_folder(redis_server: RedisServer, tmp_path: Path) -> None:
    """The later would replace the answers of the first; when that has ended it may go on from them."""
    settings = named(redis_server)
    first = await submitted(settings, tmp_path)
    again = JobAsked("requests", requests(tmp_path, 4, "more.jsonl"), Path(first.folder), "requests")
    with pytest.raises(SettingInvalid, match=f"{first.id} writes into"):
        await submit(settings, again, "ada@host")
    await until_none_is_left(settings)
    second = await submit(settings, again, "ada@host")
    await until_none_is_left(settings)
    assert (await find_job(settings, second.id)).progress.kept == 3


async def test_people_decide_and_the_log_says_who(redis_server: RedisServer, tmp_path: Path) -> None:
    """What is paused waits, what was cancelled goes on only when somebody resumes it; of no job all is refused."""
    settings = named(redis_server)
    first, second = await submitted(settings, tmp_path), await submitted(settings, tmp_path)
    await set_priority(settings, second.id, 5, "bob")
    assert [each.job.id for each in views(await read_jobs(settings))] == [second.id, first.id]
    await move(settings, first.id, "pause", "bob", "the sale begins")
    await move(settings, second.id, "cancel", "bob")
    await until_none_is_left(settings)
    assert {each.state for each in views(await read_jobs(settings))} == {"paused", "cancelled"}
    with pytest.raises(SettingInvalid, match="is cancelled"):
        await move(settings, second.id, "pause", "bob")
    for name in (first.id, second.id):
        await move(settings, name, "resume", "bob")
    await until_none_is_left(settings)
    assert {each.state for each in views(await read_jobs(settings))} == {"done"}
    entry = next(each for each in await activity(settings, 20) if each.who == "bob" and each.why)
    with pytest.raises(SettingInvalid, match="there is no job"):
        await move(settings, "job_0", "pause", "bob")
    newest = [(each.kind, each.name, each.value, each.who) for each in await activity(settings, 20)]
    assert ("job", first.id, "pause", "bob") in newest
    assert (entry.value, entry.why) == ("pause", "the sale begins")
    assert ("job", second.id, "priority 5", "bob") in newest


async def test_a_job_that_expired_goes_on_without_a_deadline_when_somebody_resumes_it(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    """By its deadline no line was asked, and each says so; afterwards all are answered."""
    settings = named(redis_server)
    job = await submitted(settings, tmp_path, deadline_ms=5)
    await until_none_is_left(settings)
    assert (await find_job(settings, job.id)).state == "expired"
    assert [line["error"]["code"] for line in output(job, "errors.jsonl")] == ["batch_expired"] * 3
    assert (await move(settings, job.id, "resume", "bob")).deadline_ms is None
    await until_none_is_left(settings)
    assert (await find_job(settings, job.id)).state == "done"
    assert (ids(output(job)), output(job, "errors.jsonl")) == (["r0", "r1", "r2"], [])


async def test_a_team_stops_at_its_budget(redis_server: RedisServer, tmp_path: Path) -> None:
    """Its other jobs wait for the next hour; another team's run."""
    settings = named(redis_server, teams={"search": {"budget_tokens_per_hour": 1}})
    first, second = [await submitted(settings, tmp_path, team="search") for _ in range(2)]
    other = await submitted(settings, tmp_path, team="ads")
    await until_none_is_left(settings)
    states = {each.job.id: each.state for each in views(await read_jobs(settings))}
    assert (states[first.id], states[second.id], states[other.id]) == ("done", "waiting", "done")


async def test_jobs_stand_still_where_operators_leave_them_nothing(redis_server: RedisServer, tmp_path: Path) -> None:
    """share-batch 0 holds them; what is put back lets them go on."""
    settings = named(redis_server)
    job = await submitted(settings, tmp_path)
    await throw(settings, "share-batch", "0", "bob")
    async with job_runner(settings, at_once=4, simulated=True) as runner, asyncio.timeout(60):
        stop = asyncio.Event()
        running = asyncio.create_task(runner.run(stop, once=True))
        while (view := await find_job(settings, job.id)).state != "running":  # noqa: ASYNC110 # Redis knows
            await asyncio.sleep(0.05)
        assert view.progress.calls == 0
        await throw(settings, "share-batch", "1", "bob")
        await running
    assert (await find_job(settings, job.id)).progress.calls == 3


@pytest.mark.slow
async def test_products_are_a_job_too(redis_server: RedisServer, tmp_path: Path) -> None:
    """By the command line; the report is one JSON object."""
    settings = named(redis_server)
    (tmp_path / "catalogue.csv").write_text("id,title,description,category,brand,price\na,Kettle,Blue,,,\n,x,,,,\n")
    asked = ("catalogue.csv", "--kind", "products", "--out", "out", "--within", "2", "--json")
    job = await run(tmp_path, variables(settings), "jobs", "submit", *asked)
    assert job.status == 0, job.err
    ended = await run(tmp_path, variables(settings), "jobs", "run", "--once", "--simulated", "--json")
    assert ended.report == {"ended": 1}, ended.err
    told = await run(tmp_path, variables(settings), "jobs", "list", "--json")
    [shown] = told.report["jobs"]
    assert (shown["id"], shown["state"], shown["progress"]["done"]) == (job.report["id"], "done", 2)
    assert len((tmp_path / "out" / "products.jsonl").read_bytes().splitlines()) == 1


@pytest.mark.slow
async def test_another_runner_goes_on_when_one_is_killed(redis_server: RedisServer, tmp_path: Path) -> None:
    """Two runners, one job, one of them has it; killed at half: at most 1.02 passes of calls, no line lost or twice.
    The other one tells Prometheus of it."""
    settings = named(redis_server)
    job = await submitted(settings, tmp_path, ROWS)
    async with OpenAIServer(tmp_path) as server, httpx.AsyncClient() as client, asyncio.timeout(120):
        told = variables(settings) | {"MODEL__URL": server.url, "MODEL__DIALECT": "openai"}
        asked = ("jobs", "run", "--at-once", str(AT_ONCE), "--once", "--json")
        async with Command(tmp_path, told, *asked) as first:
            while await opened(client, server.url) < ROWS / 2:  # noqa: ASYNC110 # another process knows
                await asyncio.sleep(0.02)
            probed = told | {"HEALTH__PORT": (port := free_ports(1)[0])}
            async with Command(tmp_path, probed, "jobs", "run", "--at-once", str(AT_ONCE)) as second:
                first.send(signal.SIGKILL)
                await first.ended()
                while (await find_job(settings, job.id)).state != "done":  # noqa: ASYNC110 # Redis knows
                    await asyncio.sleep(0.2)
                (used,) = (await read_jobs(settings)).usage.values()
                while (page := await metrics(client, port)).get(ANSWERED) != used["calls"]:  # noqa: ASYNC110 # it looks
                    await asyncio.sleep(0.2)
                assert page["penchant_job_runner_ended_total"] == 1
                assert (await client.get(f"http://{LOOPBACK}:{port}/ready")).status_code == 200
                second.send(signal.SIGTERM)
                assert (await second.ended()).status == 0
        calls = await opened(client, server.url)
    assert calls <= ROWS * 1.02
    assert [line["custom_id"] for line in output(job)] == [f"r{at}" for at in range(ROWS)]
    assert (await find_job(settings, job.id)).progress.kept >= ROWS / 2 - AT_ONCE


async def metrics(client: httpx.AsyncClient, port: int) -> dict[str, float]:
    """What a runner tells, by name and labels; nothing before it listens."""
    try:
        page = (await client.get(f"http://{LOOPBACK}:{port}/metrics")).text
    except httpx.TransportError:
        return {}
    lines = (line.rpartition(" ") for line in page.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def opened(client: httpx.AsyncClient, url: str) -> int:
    """How many calls the server was sent."""
    page = (await client.get(f"{url.removesuffix('/v1')}/metrics")).text
    return int(page.partition("penchant_simulated_requests_opened_total ")[2].split()[0])


@pytest.mark.slow
async def test_an_urgent_job_takes_the_runner(redis_server: RedisServer, tmp_path: Path) -> None:
    """And gives it back; the first one asks nothing twice."""
    settings = named(redis_server)
    usual = await submitted(settings, tmp_path, 300)
    async with job_runner(settings, at_once=2, simulated=True) as runner, asyncio.timeout(120):
        running = asyncio.create_task(runner.run(asyncio.Event(), once=True))
        while not (await find_job(settings, usual.id)).progress.calls:  # noqa: ASYNC110 # Redis knows
            await asyncio.sleep(0.05)
        asked = JobAsked("requests", requests(tmp_path, 3, "u.jsonl"), tmp_path / "u", "requests", priority=3)
        urgent = await submit(settings, asked, "bob")
        await running
    ended = [each.name for each in await activity(settings, 9) if each.value == "done"]
    assert sorted(ended, key=ended.index) == [usual.id, urgent.id]
    progress = (await find_job(settings, usual.id)).progress
    assert progress.calls == 300
    assert ids(output(usual)) == [f"r{at}" for at in range(300)]


def ids(lines: Sequence[dict[str, Any]]) -> list[str]:
    """Their custom_ids."""
    return [line["custom_id"] for line in lines]
