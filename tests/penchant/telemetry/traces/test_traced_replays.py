"""A replay's calls: each is a trace of its own, as a worker's is."""

import asyncio
import re

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from penchant.settings.operation import Traces as Rules
from penchant.telemetry.traces.traces import Traces
from tests.agents.replay.test_replay import LOG, NOW_MS, Bench
from tests.fakes.store import MemoryStore


@pytest.mark.parametrize(("share", "spans"), [(1.0, 3 * ["chat scripted", "prompt", "replay", "write"]), (0.0, [])])
async def test_each_call_is_a_trace(share: float, spans: list[str]) -> None:
    """From the prompt to the write; of the others nothing is sent, and the model server is told which."""
    exporter = InMemorySpanExporter()
    traces = Traces(Rules(share=share), "clicks", str.upper, SimpleSpanProcessor(exporter))
    async with asyncio.TaskGroup() as tasks:
        bench = Bench(MemoryStore(lambda: NOW_MS), tasks, traced=traces.replayed)
        replay = bench.replay()
        await replay.take(LOG)
        await replay.finish()
    traces.close()
    found = exporter.get_finished_spans()
    assert sorted(each.name for each in found) == sorted(spans)
    assert len({each.context.trace_id for each in found if each.context}) == len(spans) // 4
    assert {call.traceparent[-2:] for call in bench.model.calls} == {"01" if share else "00"}
    assert not [each for each in found if re.search(r"\bada\b", each.to_json())]  # an id may have it within
