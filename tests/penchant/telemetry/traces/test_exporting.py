"""Exporting: what a collector gets, and what a worker does when there is none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from penchant.settings.operation import Traces as Rules
from penchant.settings.root import Settings
from penchant.telemetry.traces.tracing import traced
from tests.agents.desk import desk
from tests.fakes.model import ScriptedModel
from tests.fakes.served_app import served


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """A receiver of OTLP over HTTP: its address, and what it got."""
    got: list[ExportTraceServiceRequest] = []

    async def take(request: web.Request) -> web.Response:
        got.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    async with served(app) as url:
        yield f"{url}/v1/traces", got


async def view(url: str) -> int:
    """How many intents a desk writes for one view, whose call is traced."""
    async with traced(Settings(traces=Rules(url=url, share=1.0))) as tracing:
        async with desk(ScriptedModel(), traced=tracing.traced) as at, asyncio.timeout(60):
            at.view("ada")
            while not at.meter.intents:  # noqa: ASYNC110 # the meter has no event to wait for
                await asyncio.sleep(0.01)
        return at.meter.intents


async def test_a_collector_gets_the_spans_of_a_call() -> None:
    """At the end at the latest, by OTLP over HTTP, under the service's name and version."""
    async with collector() as (url, got):
        assert await view(url) == 1
    ((resource,),) = (each.resource_spans for each in got)
    service = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert service["service.name"] == "penchant"
    names = {span.name for scope in resource.scope_spans for span in scope.spans}
    assert names == {"ingest", "wait", "prompt", "chat scripted", "write", "intent"}


async def test_a_collector_that_is_away_costs_spans_alone() -> None:
    """The intent is written, and the worker ends."""
    assert await view("http://127.0.0.1:1/v1/traces") == 1
