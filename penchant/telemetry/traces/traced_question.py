"""Traced question, and traced slot: what a worker asks, and by what, where a trace follows it."""

from agents.worker.asking import Question
from agents.worker.reasoning import Answered
from agents.worker.routes import Slot
from clients.calls import Call, Class, Completion
from penchant.telemetry.traces.call_trace import CallTrace
from streams.errors import AnswerRefused
from streams.records.intents import Intent, Waits


class TracedSlot:
    """A slot whose calls are spans."""

    def __init__(self, slot: Slot, trace: CallTrace) -> None:
        self._complete, self.release = trace.completing(slot.complete), slot.release

    async def complete(self, call: Call) -> Completion:
        """As the slot does, and the server is told of the trace."""
        return await self._complete(call)


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
            self._trace.note_refused(error)
            raise

    def compose(self, answered: Answered | None, waits: Waits, now_ms: int) -> Intent:
        """The intent."""
        return self._question.compose(answered, waits, now_ms)
