"""Pages: /ready, /alive and /metrics of all workers together, asked of each when somebody asks."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry

from agents.health.probes import Judgement
from penchant.settings import operation
from penchant.supervisor.worker_process import WorkerProcess
from penchant.telemetry.health_server import judged, listening, page_of_metrics
from penchant.telemetry.metrics import merging
from penchant.telemetry.metrics.exposition import encoded
from penchant.telemetry.metrics.merging import Told

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
"""What workers are asked for, whatever their parent is: it has exemplars, too."""
WITHIN_S = 0.8
"""How long a worker has for its answer: a probe waits for a second."""


@asynccontextmanager
async def merged_endpoint(health: operation.Health, workers: Sequence[WorkerProcess]) -> AsyncIterator[None]:
    """Answer for all of them while the block runs; nothing without a port. SettingInvalid when nobody can listen."""
    if not health.port:
        yield
        return
    async with httpx.AsyncClient(timeout=WITHIN_S, trust_env=False) as client:

        async def ask(path: str) -> list[Told]:
            return list(await asyncio.gather(*(_told(client, health, worker, path) for worker in workers)))

        async def ready(_: web.Request) -> web.Response:
            return judged(merging.ready(await ask("/ready")))

        async def alive(_: web.Request) -> web.Response:
            return judged(merging.alive(await ask("/alive"), health.bound_s))

        async def metrics(request: web.Request) -> web.Response:
            registry = CollectorRegistry()
            registry.register(merging.Merged(await ask("/metrics")))
            return page_of_metrics(*encoded(registry, request.headers.get("Accept", "")))

        async with listening(health.host, health.port, {"/ready": ready, "/alive": alive, "/metrics": metrics}):
            yield


async def _told(client: httpx.AsyncClient, health: operation.Health, worker: WorkerProcess, path: str) -> Told:
    told = Told(worker.number, worker.up_s, worker.restarts)
    try:
        async with asyncio.timeout(WITHIN_S):
            url = f"http://{health.local_host}:{health.port + worker.number}{path}"
            answer = await client.get(url, headers={"Accept": OPEN_METRICS})
    except (httpx.HTTPError, TimeoutError):
        return told
    if path == "/metrics":
        return replace(told, text=answer.text) if answer.is_success else told
    said = orjson.loads(answer.content)
    return replace(told, judgement=Judgement(said["ok"], tuple(said["reasons"])))
