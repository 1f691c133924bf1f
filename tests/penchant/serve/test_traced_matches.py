"""A match from a caller's trace to a collector."""

import pytest

from penchant.settings.operation import Traces
from penchant.settings.root import Settings
from tests.penchant.serve.test_serve import FakeModel, asked, client
from tests.penchant.telemetry.traces.test_exporting import collector
from tests.penchant.telemetry.traces.test_traces import SPAN, TRACE

pytestmark = pytest.mark.redis


async def test_a_match_stands_in_its_callers_trace(settings: Settings) -> None:
    """The request below the caller's span, the model's call below the request, and the shopper nowhere."""
    model = FakeModel()
    model.open.set()
    async with collector() as (url, got):
        traced = settings.model_copy(update={"traces": Traces(url=url, share=0.0)})
        async with client(traced, model) as made:
            caller = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
            answer = await made.post("/v1/match", json=asked(scores=True), headers=caller)
            assert answer.json()["step"] == "scores"
            await made.get("/healthz")
            await made.get("/metrics")
    spans = [span for each in got for resource in each.resource_spans
             for scope in resource.scope_spans for span in scope.spans]  # fmt: skip
    root, call = sorted(spans, key=lambda span: span.name)
    assert (root.name, call.name) == ("POST /v1/match", "chat fake")
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert root.parent_span_id.hex() == SPAN
    assert call.parent_span_id == root.span_id
    assert "ada" not in str(spans)
