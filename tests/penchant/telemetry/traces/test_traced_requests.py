"""Requests of others: each match is a span below theirs, and the model's calls are below that."""

from collections.abc import Iterable

import httpx
import pytest
from msgspec import structs
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from penchant.settings.operation import Traces as Rules
from penchant.telemetry.traces.traced_requests import TracedClient, TracedRequests
from penchant.telemetry.traces.traces import Traces
from streams.errors import ModelUnavailable
from tests.clients.asking import ask
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn
from tests.penchant.telemetry.traces.test_traces import SPAN, TRACE

SHOPPER = "ada@shop.example"


async def requested(
    rules: Rules, headers: Iterable[tuple[str, str]] = (), path: str = "/v1/match", turn: Turn | None = None
) -> tuple[list[ReadableSpan], ScriptedModel]:
    """The spans of one request that asks a model, and the model. A model that fails is answered 200, as matches are;
    the path /v1/intent fails itself."""
    exporter = InMemorySpanExporter()
    traces = Traces(rules, "clicks", lambda shopper: shopper, SimpleSpanProcessor(exporter), chance=lambda: 0.5)
    model = ScriptedModel(lambda _: turn or Turn())
    client = TracedClient(model)

    async def match(_: Request) -> PlainTextResponse:
        try:
            await client.complete(structs.replace(ask(Turn()), shopper=SHOPPER, id=f"reasons-{SHOPPER}"))
        except ModelUnavailable:
            return PlainTextResponse("the order given")
        return PlainTextResponse("ordered")

    async def intent(_: Request) -> PlainTextResponse:
        return PlainTextResponse("", 503)

    routes = [Route("/v1/match", match, methods=["POST"]), Route("/v1/intent", intent, methods=["POST"])]
    app = TracedRequests(Starlette(routes=[*routes, Route("/metrics", match, methods=["POST"])]), traces)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://penchant") as http:
        await http.post(path, headers=list(headers))
    traces.close()
    return list(exporter.get_finished_spans()), model


async def test_a_match_is_below_whoever_asks() -> None:
    """Their trace goes on, with its state, to the model server; the call is below the request's span."""
    spans, model = await requested(Rules(share=0.0), [("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "a=1")])
    chat, root = spans
    assert (root.name, root.kind, chat.name) == ("POST /v1/match", SpanKind.SERVER, "chat scripted")
    assert root.parent is not None
    assert f"{root.parent.span_id:016x}" == SPAN
    assert (root.attributes or {})["http.response.status_code"] == 200
    assert chat.parent == root.context
    (call,) = model.calls
    assert call.traceparent.split("-")[1::2] == [TRACE, "01"]
    assert call.tracestate == "a=1"


async def test_a_share_is_traced_and_paths_of_operators_never() -> None:
    """Without a trace of theirs chance decides; whoever says that it is not sampled is believed."""
    assert len((await requested(Rules(share=0.6)))[0]) == 2
    assert not (await requested(Rules(share=0.4)))[0]
    assert not (await requested(Rules(share=1.0), [("traceparent", f"00-{TRACE}-{SPAN}-00")]))[0]
    spans, model = await requested(Rules(share=1.0), path="/metrics")
    assert not spans
    assert model.calls[0].traceparent == ""


@pytest.mark.parametrize(("path", "status"), [("/v1/match", StatusCode.UNSET), ("/v1/intent", StatusCode.ERROR)])
async def test_failures_are_traced_whatever_the_share(path: str, status: StatusCode) -> None:
    """A match that a model failed is answered all the same, and is no failure of the request."""
    spans, _ = await requested(Rules(share=0.0), path=path, turn=Turn(fault="failure"))
    assert spans[-1].name == f"POST {path}"
    assert spans[-1].status.status_code is status


async def test_no_shopper_is_in_the_clear() -> None:
    """The id of a call names its shopper here: it is left out."""
    spans, _ = await requested(Rules(share=1.0))
    assert SHOPPER not in " ".join(each.to_json() for each in spans)
