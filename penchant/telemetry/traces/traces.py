"""Traces: what is traced, and the collector that hears of it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial

from msgspec import structs
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, NonRecordingSpan, SpanKind, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from agents.replay.calls import ReplayCase
from agents.worker.checkpoints import Checkpoint
from agents.worker.delivery import Case
from penchant import __version__
from penchant.settings.operation import Traces as Rules
from penchant.settings.pseudonym import pseudonym
from penchant.settings.root import Settings
from penchant.telemetry.traces.call_trace import CallTrace, Origin
from penchant.telemetry.traces.record_contexts import Carrier, RecordContexts
from penchant.telemetry.traces.traced_question import TracedQuestion, TracedSlot
from streams.events.dialects import Dialect

WRITE = "write"
"""The step after the last call."""

EXPORT_S = 2.0
"""How long a collector may take for a batch; what it does not take then is lost."""
MOST_SPANS, BATCH_SPANS = 1_024, 512
"""How many spans wait for it, and how many it gets at once: what is left at the end takes three batches at the most."""


class Traces:
    """Follows what calls a model. `name` is a shopper's pseudonym; `chance` gives numbers from 0 to 1, `now_ns` epoch
    nanoseconds.

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
        with self._following(self._of_case(case)) as trace:
            permit = case.permit
            slot = TracedSlot(permit.slot, trace) if permit.slot is not None else None
            yield structs.replace(
                case, question=TracedQuestion(case.question, trace), permit=replace(permit, slot=slot)
            )

    @contextmanager
    def replayed(self, case: ReplayCase) -> Iterator[ReplayCase]:
        """The case of a replay, the same way. Its trace is its own: those that its records name are long over."""
        began_ns = self._now_ns()
        origin = Origin(
            "replay", SpanKind.INTERNAL, began_ns, None, (), self._chance() < self._rules.share,
            self._about(case.checkpoint), (("prompt", began_ns),), WRITE,
        )  # fmt: skip
        with self._following(origin) as trace:
            question = TracedQuestion(case.question, trace)
            yield replace(case, question=question, complete=trace.completing(case.complete))

    def requested(self, name: str, carrier: Carrier, attributes: Mapping[str, str | int]) -> CallTrace:
        """The trace of a request that others send, to be ended by whoever answers it."""
        parent, _, sampled = self._caused([carrier])
        origin = Origin(name, SpanKind.SERVER, self._now_ns(), parent, (), sampled, attributes)
        return self._begun(origin)

    @property
    def slow_s(self) -> float:
        """What lasts longer is traced."""
        return self._rules.slow_s

    def close(self) -> None:
        """Send what is left. It blocks, while the collector is away for EXPORT_S a batch."""
        self._provider.shutdown()

    def _begun(self, origin: Origin) -> CallTrace:
        return CallTrace(self._tracer, origin, self._now_ns, texts=self._rules.prompt_text)

    @contextmanager
    def _following(self, origin: Origin) -> Iterator[CallTrace]:
        trace = self._begun(origin)
        try:
            yield trace
        finally:
            trace.end(self._rules.slow_s)

    def _of_case(self, case: Case) -> Origin:
        """From the append of the first event: read and folded at `first_s`, and the shopper's turn at `taken_s`."""
        position, shopper, owed = case.checkpoint.position, case.shopper.id, case.owed
        ahead_ns = self._now_ns() - int(asyncio.get_running_loop().time() * 1e9)
        taken_ns = min(int(case.taken_s * 1e9) + ahead_ns, self._now_ns())
        began_ns = min((owed.appended_ms or case.checkpoint.last_ms) * 1_000_000, taken_ns)
        folded_ns = min(max(int(owed.first_s * 1e9) + ahead_ns, began_ns), taken_ns)
        carried = self._contexts.take(shopper, position.offset) if self._contexts else []
        parent, links, sampled = self._caused(carried)
        attributes = self._about(case.checkpoint) | {"penchant.events": owed.events}
        if case.permit.arm:
            attributes["penchant.arm"] = case.permit.arm
        steps = (("ingest", began_ns), ("wait", folded_ns), ("prompt", taken_ns))
        return Origin("intent", SpanKind.CONSUMER, began_ns, parent, links, sampled, attributes, steps, WRITE)

    def _caused(self, carried: Sequence[Carrier]) -> tuple[Context | None, list[Link], bool]:
        """The first of these that is a trace, all of them, and whether one is sampled; without any, by chance."""
        parents = [TraceContextTextMapPropagator().extract(each) for each in carried]
        spans = [span for each in parents if (span := get_current_span(each).get_span_context()).is_valid]
        sampled = any(span.trace_flags.sampled for span in spans) if spans else self._chance() < self._rules.share
        parent = set_span_in_context(NonRecordingSpan(spans[0])) if spans else None
        return parent, [Link(span) for span in spans], sampled

    def _about(self, checkpoint: Checkpoint) -> dict[str, str | int]:
        return {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.destination.name": self._topic,
            "messaging.destination.partition.id": str(checkpoint.context.partition),
            "messaging.kafka.offset": checkpoint.position.offset,
            "penchant.shopper": self._name(checkpoint.context.shopper),
        }


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
