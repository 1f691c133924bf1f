"""Charts of hours from a Prometheus: bounded, asked seldom, and honest where it is not there."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from penchant.console.ranges import POINTS, QUERIES, PrometheusRanges, Range
from penchant.console.snapshot import Change
from penchant.console.views.overview import chart_of_range
from penchant.operations.control import throw
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from sandbox.servers.server import LOOPBACK, free_ports
from storage.activity import Activity
from tests.debian import debian_program
from tests.penchant.console.test_app import opened
from tests.penchant.console.world import settings, worker_page

NOW_S = 1_795_930_000.0
WITHIN_S = 60


def series(query: Mapping[str, str]) -> dict[str, Any]:
    """Of each second moment a value, the first of them no number, as Prometheus answers."""
    start, end, step = (int(query[name]) for name in ("start", "end", "step"))
    times = range(start, end + 1, step)
    values = [[at, "NaN" if number == 0 else "1.25"] for number, at in enumerate(times) if number % 2 == 0]
    return {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}}


@asynccontextmanager
async def prometheus(answer: Any, status: int = 200) -> AsyncIterator[tuple[str, list[Mapping[str, str]]]]:
    """The address of one that answers so (a function of the query, or a value), and what it was asked."""
    asked: list[Mapping[str, str]] = []

    async def page(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        return web.json_response(answer(request.query) if callable(answer) else answer, status=status)

    app = web.Application()
    app.router.add_get("/api/v1/query_range", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    (port,) = free_ports(1)
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
        yield f"http://{LOOPBACK}:{port}", asked
    finally:
        await runner.cleanup()


@asynccontextmanager
async def ranges(url: str) -> AsyncIterator[PrometheusRanges]:
    """They are closed."""
    opened = PrometheusRanges(url)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.mark.parametrize("hours", [1, 6, 24, 168])
async def test_a_range_is_so_many_points_however_long(hours: int) -> None:
    """Each moment has its value or a gap; a window is no shorter than a step."""
    async with prometheus(series) as (url, asked), ranges(url + "/") as opened:
        found = await opened.read(hours, NOW_S)
    times, *lines = found.columns
    assert POINTS / 2 <= len(times) <= POINTS + 1
    assert (times[-1] or 0) - (times[0] or 0) == hours * 3_600
    assert [len(line) for line in lines] == [len(times)] * len(QUERIES)
    assert lines[0][:3] == [None, None, 1.25]
    step = int(asked[0]["step"])
    assert [
        each["query"].startswith(f"histogram_quantile({share}")
        for each, share in zip(asked, (0.5, 0.95, 0.99), strict=False)
    ]
    assert f"[{max(step, 60)}s]" in asked[0]["query"]


async def test_however_many_look_it_is_asked_once() -> None:
    """A query a line for twenty pages."""
    async with prometheus(series) as (url, asked), ranges(url) as opened:
        found = await asyncio.gather(*(opened.read(6, NOW_S) for _ in range(20)))
        assert len(asked) == len(QUERIES)
        assert len({id(each) for each in found}) == 1
        await opened.read(1, NOW_S)
        assert len(asked) == 2 * len(QUERIES)


NO_SERIES = {"status": "success", "data": {"resultType": "matrix", "result": []}}


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (NO_SERIES, 200, "does it scrape the workers"),
        ({"status": "error", "error": "secret"}, 200, "no series of numbers"),
        ([], 200, "no series of numbers"),
        ({"status": "success", "data": {"resultType": "matrix", "result": [{"values": [["x", "y"]]}]}}, 200, "tell"),
        (NO_SERIES, 503, "status 503"),
        ("x" * 5_000_000, 200, "bytes"),
    ],
)
async def test_what_cannot_be_had_is_said(answer: Any, status: int, says: str) -> None:
    """Nothing is drawn that is not known."""
    async with prometheus(answer, status) as (url, _), ranges(url) as opened:
        found = await opened.read(6, NOW_S)
    assert (found.columns, says in found.missing) == ((), True), found.missing


async def test_freshness_stands_without_the_lines_beside_it() -> None:
    """A query of theirs that Prometheus refuses leaves them empty, and is said; it takes freshness from nobody."""
    refused = {"status": "error", "error": "query processing would load too many samples"}
    async with (
        prometheus(lambda query: refused if "backlog_shoppers" in query["query"] else series(query)) as (url, _),
        ranges(url) as opened,
    ):
        found = await opened.read(6, NOW_S)
    assert [len(line) for line in found.columns] == [len(found.columns[0])] * (1 + len(QUERIES))
    assert [1.25 in line for line in found.columns[1:]] == [True] * 6 + [False] * 4
    assert found.missing == "Prometheus does not tell: it gives no series of numbers"


async def test_one_that_is_away_is_said_without_its_password() -> None:
    """On the page too: an address may hold one."""
    (port,) = free_ports(1)
    async with ranges(f"http://ada:secret@{LOOPBACK}:{port}") as opened:
        found = await opened.read(6, NOW_S)
    assert found.missing == "Prometheus does not tell: ConnectError"


def test_marks_are_what_was_decided_for_all() -> None:
    """And what changed by itself besides. In their order, none from before the range, and nothing of a shopper."""
    gaps = [None, 1.0]
    found = chart_of_range(
        Range([[1_000.0, 1_015.0], gaps, gaps, gaps]),
        [
            Activity("switch", "pause", "clear", "ada", at_ms=1_003_000),
            Activity("unmasking", "abc", "inspect", "ada", at_ms=1_002_000),
            Activity("switch", "pause", "on", "ada", at_ms=1_001_000),
            Activity("switch", "pause", "on", "ada", at_ms=999_000),
        ],
        [
            Change(1_002_000, "bad", "triton-1 ejected"),
            Change(1_001_000, "bad", "pause by ada", "people"),
            Change(998_000, "calm", "w1 joined"),
        ],
        5.0,
    )
    assert found["marks"] == [
        (1_001.0, "bad", "pause on"), (1_002.0, "bad", "triton-1 ejected"), (1_003.0, "calm", "pause clear")
    ]  # fmt: skip


@pytest.mark.redis
async def test_the_page_offers_hours_where_they_can_be_had(redis_server: RedisServer) -> None:
    """Without a Prometheus no link is there, and asking says what to set; a range that is none is the last quarter."""
    async with opened(settings(redis_server.url)) as client:
        assert "hours=6" not in (await client.get("/")).text
        assert "console.prometheus_url" in (await client.get("/points?hours=6")).json()["missing"]
    async with prometheus(series) as (url, asked):
        given = settings(redis_server.url, console={"port": 0, "prometheus_url": url})
        async with opened(given) as client:
            assert 'href="/?hours=6" aria-current' in (await client.get("/?hours=6")).text
            await throw(given, "pause", "on", "ada")
            found = (await client.get("/points?hours=6")).json()
            assert (len(found["columns"]), found["missing"], len(found["marks"])) == (1 + len(QUERIES), "", 1)
            assert (await client.get("/points?hours=5")).json()["missing"] == ""
            assert len(asked) == len(QUERIES)


def test_an_address_that_is_none_is_refused_at_the_start() -> None:
    """By its name."""
    with pytest.raises(ValueError, match="prometheus_url"):
        Settings.model_validate({"console": {"prometheus_url": "prometheus:9090"}})


@pytest.mark.slow
async def test_a_real_prometheus_is_understood(tmp_path: Path) -> None:
    """Debian's, which scrapes a worker's page once a second: what it says is what it was told."""
    program = debian_program("promtool", ["prometheus"]).with_name("prometheus")
    async with AsyncExitStack() as stack:
        target, (port,) = await worker_page(stack), free_ports(1)
        config = tmp_path / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s}\nscrape_configs:\n"
            f"  - {{job_name: penchant, static_configs: [{{targets: ['{LOOPBACK}:{target}']}}]}}\n"
        )
        process = await asyncio.create_subprocess_exec(
            program, f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address={LOOPBACK}:{port}", stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            known = await _known(f"http://{LOOPBACK}:{port}")
        finally:
            process.terminate()
            await process.wait()
    assert known
    assert all(0 < value <= 1.0 for value in known)


async def _known(url: str) -> list[float]:
    """What is known of the median, once anything is. Each look is one of its own, since one keeps what it read."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with ranges(url) as opened:
                found = await opened.read(1, time.time())
            known = [value for value in found.columns[1] if value is not None] if found.columns else []
            if known:
                return known
            await asyncio.sleep(1)
