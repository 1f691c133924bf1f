"""Call trace: the spans of one piece of work that calls a model. Those that a model server is told of begin with it;
others are made at the end.

A span that is never ended goes nowhere, so whether a piece of work is traced may be decided when it is over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from msgspec import structs
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from clients.calls import Ask, Call, Completion
from penchant.telemetry.traces.call_attributes import answer_attributes, answer_text, call_attributes, prompt_text
from streams.errors import AnswerRefused, PenchantError


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a trace begins. `parent` is the span of whoever caused it, `links` are all of theirs; `sampled`: it is
    traced whatever becomes of it, and the model server is told so. Times are epoch nanoseconds. `steps` are what came
    before the first call, each with its beginning, and `last` is what comes after the last call, if anything does."""

    name: str
    kind: SpanKind
    began_ns: int
    parent: Context | None
    links: Sequence[Link]
    sampled: bool
    attributes: Mapping[str, str | int]
    steps: Sequence[tuple[str, int]] = ()
    last: str = ""


class CallTrace:
    """The trace of one origin. `now_ns` is wall time in epoch nanoseconds; `texts`: prompts and answers are in it."""

    def __init__(self, tracer: Tracer, origin: Origin, now_ns: Callable[[], int], *, texts: bool = False) -> None:
        self._tracer, self._origin, self._now_ns, self._texts = tracer, origin, now_ns, texts
        self._root = tracer.start_span(
            origin.name, origin.parent, origin.kind, origin.attributes, origin.links, origin.began_ns
        )
        self._below = set_span_in_context(self._root)
        self._calls: list[tuple[Span, int]] = []
        self._asked_ns = 0
        self.failed = ""

    @property
    def sampled_id(self) -> str:
        """The trace's id as text, where it is sampled: whoever follows it from a metric will find it."""
        return f"{self._root.get_span_context().trace_id:032x}" if self._origin.sampled else ""

    def completing(self, complete: Ask) -> Ask:
        """What makes calls as `complete` does, each a span, and tells the server of the trace."""

        async def traced(call: Call) -> Completion:
            with self._calling(call) as (told, span):
                completion = await complete(told)
                span.update_name(f"chat {completion.model}")
                span.set_attributes(answer_attributes(completion))
                if self._texts:
                    span.set_attributes(answer_text(completion))
            return structs.replace(completion, trace_id=self.sampled_id)

        return traced

    def note_refused(self, error: AnswerRefused) -> None:
        """The last answer was no intent."""
        self._fail(error, self._calls[-1][0])

    def end(self, slow_s: float, error: str | None = None) -> None:
        """It is over. Send the spans if they are wanted: sampled, failed or slow. `error` is the kind of what the whole
        came to, empty for none; None: that of the last call."""
        ended_ns, origin = self._now_ns(), self._origin
        kind = self.failed if error is None else error
        if not (origin.sampled or self.failed or kind or ended_ns - origin.began_ns > slow_s * 1e9):
            return
        reached_ns = origin.steps[-1][1] if origin.steps else origin.began_ns
        answered_ns = self._calls[-1][1] if self._calls else reached_ns
        ends = [*(at_ns for _, at_ns in origin.steps[1:]), self._asked_ns or answered_ns]
        for (name, from_ns), until_ns in zip(origin.steps, ends, strict=False):
            self._part(name, from_ns, until_ns)
        for span, until_ns in self._calls:
            span.end(until_ns)
        if origin.last:
            self._part(origin.last, answered_ns, ended_ns)
        if kind:
            self._root.set_attribute("error.type", kind)
            self._root.set_status(Status(StatusCode.ERROR, kind))
        self._root.end(ended_ns)

    def note(self, attributes: Mapping[str, str | int]) -> None:
        """What is known of the whole by now."""
        self._root.set_attributes(attributes)

    @contextmanager
    def _calling(self, call: Call) -> Iterator[tuple[Call, Span]]:
        """The call as it is to be made, and its span."""
        began_ns = self._now_ns()
        self._asked_ns = self._asked_ns or began_ns
        attributes = call_attributes(call) | (prompt_text(call) if self._texts else {})
        span = self._tracer.start_span("chat", self._below, SpanKind.CLIENT, attributes, start_time=began_ns)
        context, self.failed = span.get_span_context(), ""
        flags = "01" if self._origin.sampled else "00"
        traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags}"
        try:
            yield structs.replace(call, traceparent=traceparent, tracestate=context.trace_state.to_header()), span
        except PenchantError as error:
            self._fail(error, span)
            raise
        finally:
            self._calls.append((span, self._now_ns()))

    def _fail(self, error: PenchantError, span: Span) -> None:
        """Say of a span that it came to this. The error's text may quote a server, and so a prompt: it is left out."""
        self.failed = type(error).__name__
        span.set_attribute("error.type", self.failed)
        span.set_status(Status(StatusCode.ERROR, self.failed))

    def _part(self, name: str, from_ns: int, to_ns: int) -> None:
        self._tracer.start_span(name, self._below, start_time=from_ns).end(to_ns)
