"""Call trace: the spans of one call. Those that a model server is told of begin with it; others are made at the end.

A span that is never ended goes nowhere, so whether a call is traced may be decided when it is over.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from agents.worker.asking import Question
from agents.worker.delivery import Case
from agents.worker.reasoning import Answered
from agents.worker.routes import Slot
from clients.calls import Call, Class, Completion
from streams.errors import AnswerRefused, PenchantError
from streams.records.intents import Intent, Waits


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a trace begins. `parent` is the first event's own span, `links` are all the events'; `sampled`: it is
    traced whatever becomes of it, and the model server is told so."""

    parent: Context | None
    links: list[Link]
    sampled: bool
    attributes: Mapping[str, str | int]


class CallTrace:
    """The trace of a case. `now_ns` is wall time in epoch nanoseconds."""

    def __init__(self, tracer: Tracer, case: Case, origin: Origin, now_ns: Callable[[], int]) -> None:
        self._tracer, self._case, self._now_ns, self._sampled = tracer, case, now_ns, origin.sampled
        taken_s = asyncio.get_running_loop().time() - case.taken_s
        self._taken_ns = now_ns() - int(max(taken_s, 0.0) * 1e9)
        self._began_ns = min(case.owed.appended_ms * 1_000_000, self._taken_ns)
        self._root = tracer.start_span(
            "intent", origin.parent, SpanKind.CONSUMER, origin.attributes, origin.links, self._began_ns
        )
        self._below = set_span_in_context(self._root)
        self._calls: list[tuple[Span, int]] = []
        self._asked_ns = 0
        self.failed = ""

    @property
    def sampled_id(self) -> str:
        """The trace's id as text, where it is sampled: whoever follows it from a metric will find it."""
        return f"{self._root.get_span_context().trace_id:032x}" if self._sampled else ""

    def case(self) -> Case:
        """The case, with a slot and a question that tell this trace."""
        permit, question = self._case.permit, TracedQuestion(self._case.question, self)
        slot = TracedSlot(permit.slot, self) if permit.slot is not None else None
        return replace(self._case, question=question, permit=replace(permit, slot=slot))

    @contextmanager
    def calling(self, call: Call) -> Iterator[tuple[Call, Span]]:
        """The call as it is to be made, and its span."""
        began_ns = self._now_ns()
        self._asked_ns = self._asked_ns or began_ns
        span = self._tracer.start_span("chat", self._below, SpanKind.CLIENT, _asked(call), start_time=began_ns)
        context, self.failed = span.get_span_context(), ""
        flags = "01" if self._sampled else "00"
        traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags}"
        try:
            yield replace(call, traceparent=traceparent), span
        except PenchantError as error:
            self.fail(error, span)
            raise
        finally:
            self._calls.append((span, self._now_ns()))

    def fail(self, error: PenchantError, span: Span) -> None:
        """Say of a span that it came to this. The error's text may quote a server, and so a prompt: it is left out."""
        self.failed = type(error).__name__
        span.set_attribute("error.type", self.failed)
        span.set_status(Status(StatusCode.ERROR, self.failed))

    def read(self, error: AnswerRefused | None) -> None:
        """The last answer was read, or was no intent."""
        if error is not None:
            self.fail(error, self._calls[-1][0])

    def end(self, slow_s: float) -> None:
        """The intent is written, or none could be. Send the spans if they are wanted: sampled, failed or slow."""
        ended_ns = self._now_ns()
        if not (self._sampled or self.failed or ended_ns - self._began_ns > slow_s * 1e9):
            return
        answered_ns = self._calls[-1][1] if self._calls else self._taken_ns
        self._part("wait", self._began_ns, self._taken_ns)
        self._part("prompt", self._taken_ns, self._asked_ns or answered_ns)
        for span, until_ns in self._calls:
            span.end(until_ns)
        self._part("write", answered_ns, ended_ns)
        if self.failed:
            self._root.set_attribute("error.type", self.failed)
            self._root.set_status(Status(StatusCode.ERROR, self.failed))
        self._root.end(ended_ns)

    def _part(self, name: str, from_ns: int, to_ns: int) -> None:
        self._tracer.start_span(name, self._below, start_time=from_ns).end(to_ns)


class TracedSlot:
    """A slot whose calls are spans."""

    def __init__(self, slot: Slot, trace: CallTrace) -> None:
        self._slot, self._trace = slot, trace
        self.release = slot.release

    async def complete(self, call: Call) -> Completion:
        """As the slot does, and the server is told of the trace."""
        with self._trace.calling(call) as (traced, span):
            completion = await self._slot.complete(traced)
            span.update_name(f"chat {completion.model}")
            span.set_attributes({name: value for name, value in _told(completion).items() if value is not None})
        return replace(completion, trace_id=self._trace.sampled_id)


class TracedQuestion:
    """A question whose answers that are no intent stand in the trace."""

    def __init__(self, question: Question, trace: CallTrace) -> None:
        self._question, self._trace = question, trace

    def call(self, deadline_s: float, traffic_class: Class = "live") -> Call:
        """As the question does; so do the others."""
        return self._question.call(deadline_s, traffic_class)

    def shorten(self) -> bool:
        """Show less."""
        return self._question.shorten()

    def read(self, completion: Completion) -> Answered:
        """Read, and note what came of it."""
        try:
            return self._question.read(completion)
        except AnswerRefused as error:
            self._trace.read(error)
            raise

    def compose(self, answered: Answered | None, waits: Waits, now_ms: int) -> Intent:
        """The intent."""
        return self._question.compose(answered, waits, now_ms)


def _asked(call: Call) -> Mapping[str, str | int | float]:
    """By OpenTelemetry's GenAI names where there is one; nothing of the prompt."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.max_tokens": call.max_tokens,
        "gen_ai.request.temperature": call.temperature,
        "gen_ai.request.seed": call.seed,
        "penchant.call.id": call.id,
        "penchant.prompt.version": call.prompt_version,
    }


def _told(completion: Completion) -> Mapping[str, str | int | float | list[str] | None]:
    finished = completion.finish_reason
    return {
        "gen_ai.response.model": completion.model,
        "gen_ai.response.finish_reasons": [finished] if finished else None,
        "gen_ai.usage.input_tokens": completion.input_tokens,
        "gen_ai.usage.output_tokens": completion.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": completion.cached_tokens,
        "server.address": completion.endpoint,
        "penchant.replica": completion.replica,
        "penchant.kv_hit_rate": completion.kv_hit_rate,
        "penchant.router_queue": completion.router_queue,
        "penchant.queue_ms": completion.queue_ms,
        "penchant.prefill_ms": completion.prefill_ms,
        "penchant.decode_ms": completion.decode_ms,
    }
