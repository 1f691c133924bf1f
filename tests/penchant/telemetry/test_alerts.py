"""Alerts: operators hear of it, whatever else is wrong, and nobody waits for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import structlog
from aiohttp import web

from agents.fleet.judge import ExperimentNotice
from clients.pools.registry import Notice
from penchant.telemetry.alerts import KEPT, Alerts
from sandbox.servers.server import LOOPBACK, free_ports
from tests.until import until

SICK = Notice("ejected", "own", "triton-1:8001", "5 calls in a row failed", 12.0)


@asynccontextmanager
async def webhook(status: int) -> AsyncIterator[tuple[str, list[dict[str, object]]]]:
    """A webhook's URL, and what was posted there."""
    posted: list[dict[str, object]] = []

    async def take(request: web.Request) -> web.Response:
        posted.append(orjson.loads(await request.read()))
        return web.Response(status=status)

    app, port = web.Application(), free_ports(1)[0]
    app.router.add_post("/alerts", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()
    try:
        yield f"http://{LOOPBACK}:{port}/alerts", posted
    finally:
        await runner.cleanup()


async def test_an_alert_names_the_server_and_why() -> None:
    """One JSON object, with the worker that tells."""
    async with webhook(200) as (url, posted), asyncio.TaskGroup() as tasks:
        alerts = Alerts(url)
        running = tasks.create_task(alerts.run())
        alerts.tell(SICK)
        await until(lambda: len(posted) == 1)
        running.cancel()
    told = posted[0]
    assert told.pop("worker")
    assert told.pop("at")
    assert told == {"kind": "ejected", "pool": "own", "replica": "triton-1:8001", "why": "5 calls in a row failed"}


async def test_an_alert_names_the_arm_that_was_rolled_back_and_why() -> None:
    """As above."""
    async with webhook(200) as (url, posted), asyncio.TaskGroup() as tasks:
        alerts = Alerts(url)
        running = tasks.create_task(alerts.run())
        alerts.tell(ExperimentNotice("rolled_back", "new-model", "canary", "errors: 46.2% of 130 calls", 12.0))
        await until(lambda: len(posted) == 1)
        running.cancel()
    told = posted[0]
    assert told.pop("worker")
    assert told.pop("at")
    assert told == {
        "kind": "rolled_back",
        "experiment": "new-model",
        "arm": "canary",
        "why": "errors: 46.2% of 130 calls",
    }


async def test_a_webhook_that_refuses_loses_no_later_alert() -> None:
    """What it did not take stands in the log."""
    with structlog.testing.capture_logs() as logs:
        async with webhook(500) as (url, posted), asyncio.TaskGroup() as tasks:
            alerts = Alerts(url)
            running = tasks.create_task(alerts.run())
            alerts.tell(SICK)
            alerts.tell(SICK)
            await until(lambda: len(posted) == 2 and len(logs) == 2)
            running.cancel()
    assert [each["event"] for each in logs] == ["alert.failed"] * 2
    assert logs[0]["alert"]["replica"] == "triton-1:8001"


def test_telling_never_waits() -> None:
    """While the webhook is away a bounded number waits, and the log has the rest."""
    alerts = Alerts(f"http://{LOOPBACK}:1/")
    with structlog.testing.capture_logs() as logs:
        for _ in range(KEPT + 1):
            alerts.tell(SICK)
    assert [each["event"] for each in logs] == ["alert.dropped"]
