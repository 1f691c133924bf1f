"""Pages: what Prometheus is given of all workers together."""

import httpx
import pytest
from aiohttp import web

from agents.health.probes import Health
from agents.worker.instruments import Instruments
from clients.calls import Completion
from penchant.settings import operation
from penchant.supervisor.pages import OPEN_METRICS, merged_endpoint
from penchant.supervisor.worker_process import WorkerProcess
from penchant.telemetry.health_server import endpoint
from penchant.telemetry.metrics.exposition import exposition
from sandbox.servers.server import LOOPBACK, free_ports

TRACE = "ab" * 16


@pytest.mark.parametrize(
    ("accept", "kind", "leads"), [(OPEN_METRICS, "application/openmetrics-text", True), ("*/*", "text/plain", False)]
)
async def test_whoever_asks_for_open_metrics_gets_it(accept: str, kind: str, *, leads: bool) -> None:
    """With each worker's exemplars; others get the old format, as of one worker."""
    port = free_ports(2)[0]
    instruments = Instruments(Health(60))
    instruments.meter.count_answer(Completion("{}", "m", "a:1", trace_id=TRACE), 3.0)
    of_worker = operation.Health(port=port + 1)
    async with (
        endpoint(of_worker, instruments.health, exposition(instruments)),
        merged_endpoint(operation.Health(port=port), [WorkerProcess(1, ["none"])]),
        httpx.AsyncClient(timeout=30) as client,
    ):
        answer = await client.get(f"http://{LOOPBACK}:{port}/metrics", headers={"Accept": accept})
    assert answer.headers["Content-Type"].split(";")[0] == kind
    assert 'penchant_call_seconds_bucket{le="5.12",worker="1"} 1.0' in answer.text
    assert (f'trace_id="{TRACE}"' in answer.text) is leads


async def test_a_worker_that_cannot_tell_its_metrics_spoils_no_other_ones_page() -> None:
    """It is told as one that did not answer."""
    port = free_ports(2)[0]
    app = web.Application()  # without /metrics: 404
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port + 1).start()
    try:
        async with (
            merged_endpoint(operation.Health(port=port), [WorkerProcess(1, ["none"])]),
            httpx.AsyncClient(timeout=30) as client,
        ):
            answer = await client.get(f"http://{LOOPBACK}:{port}/metrics")
    finally:
        await runner.cleanup()
    assert answer.status_code == 200
    assert "penchant_worker_up" in answer.text
