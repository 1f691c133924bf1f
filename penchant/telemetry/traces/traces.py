"""Traces: which calls are traced, and the collector that hears of them."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from agents.worker.delivery import Case
from penchant import __version__
from penchant.settings.operation import Traces as Rules
from penchant.settings.pseudonym import pseudonym
from penchant.settings.root import Settings
from penchant.telemetry.traces.call_trace import CallTrace, Origin
from penchant.telemetry.traces.record_contexts import HEADER, RecordContexts
from streams.events.dialects import Dialect

EXPORT_S = 2.0
"""How long a collector may take for a batch; what it does not take then is lost."""
MOST_SPANS, BATCH_SPANS = 1_024, 512
"""How many spans wait for it, and how many it gets at once: what is left at the end takes three batches at the most."""


class Traces:
    """Follows calls. `name` is a shopper's pseudonym; `chance` gives numbers from 0 to 1, `now_ns` epoch nanoseconds.

    The processor drops what its queue has no room for, so a collector that is away costs spans alone.
    """

    def __init__(
        self,
        rules: Rules,
        topic: str,
        name: Callable[[str], str],
        processor: SpanProcessor,
        chance: Callable[[], float] = random.random,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        resource = Resource.create({"service.name": "penchant", "service.version": __version__})
        self._provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("penchant", __version__)
        self._rules, self._topic, self._name, self._chance, self._now_ns = rules, topic, name, chance, now_ns
        self._contexts: RecordContexts | None = None

    def hearing(self, dialect: Dialect) -> Dialect:
        """The dialect; the traces that its records are of go on with the calls for them."""
        self._contexts = RecordContexts(dialect)
        return self._contexts

    @contextmanager
    def traced(self, case: Case) -> Iterator[Case]:
        """The case whose call is traced, until its intent is written."""
        followed = CallTrace(self._tracer, case, self._origin(case), self._now_ns)
        try:
            yield followed.case()
        finally:
            followed.end(self._rules.slow_s)

    def close(self) -> None:
        """Send what is left. It blocks, while the collector is away for EXPORT_S a batch."""
        self._provider.shutdown()

    def _origin(self, case: Case) -> Origin:
        position, shopper = case.checkpoint.position, case.shopper.id
        carried = self._contexts.take(shopper, position.offset) if self._contexts else []
        parents = [TraceContextTextMapPropagator().extract({HEADER: each}) for each in carried]
        spans = [span for each in parents if (span := trace.get_current_span(each).get_span_context()).is_valid]
        attributes: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.destination.name": self._topic,
            "messaging.destination.partition.id": str(case.checkpoint.context.partition),
            "messaging.kafka.offset": position.offset,
            "penchant.events": case.owed.events,
            "penchant.shopper": self._name(shopper),
        }
        if case.permit.arm:
            attributes["penchant.arm"] = case.permit.arm
        sampled = any(span.trace_flags.sampled for span in spans) if spans else self._chance() < self._rules.share
        parent = trace.set_span_in_context(trace.NonRecordingSpan(spans[0])) if spans else None
        return Origin(parent, [Link(span) for span in spans], sampled, attributes)


@asynccontextmanager
async def exporting(settings: Settings, url: str) -> AsyncIterator[Traces]:
    """Traces that are sent to a collector."""
    processor = BatchSpanProcessor(
        OTLPSpanExporter(endpoint=url, timeout=EXPORT_S), max_queue_size=MOST_SPANS, max_export_batch_size=BATCH_SPANS
    )
    traces = Traces(settings.traces, settings.kafka.topic, partial(pseudonym, settings), processor)
    try:
        yield traces
    finally:
        await asyncio.to_thread(traces.close)
