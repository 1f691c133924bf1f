"""Traces: one a call, from its event's append to its intent's write, and only of the calls that are wanted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import pairwise

import orjson
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from agents.worker.asking import CallRules
from penchant.settings.operation import Traces as Rules
from penchant.settings.pseudonym import pseudonym
from penchant.settings.root import Settings
from penchant.telemetry.traces.traces import Traces
from penchant.telemetry.traces.tracing import Tracing, traced
from streams.events.decoding import Decoded, Record
from streams.events.event import ShopperEvent
from tests.agents.desk import EPOCH_MS, Desk, clock_ms, desk
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
CALLS = CallRules(deadline_s=20.0, soft_deadline_s=15.0)
SHOPPER = "ada@shop.example"


class CarryingRecord:
    """A record with a traceparent."""

    timestamp, key, value = EPOCH_MS, SHOPPER.encode(), b"{}"

    def __init__(self, offset: int, traceparent: str, *states: str) -> None:
        self.offset, self.headers = offset, [("traceparent", traceparent.encode())]
        self.headers += [("tracestate", each.encode()) for each in states]


class Read:
    """A dialect of records that each hold one event of Ada's."""

    def decode(self, records: Iterable[Record]) -> Decoded:
        event = ShopperEvent("e", SHOPPER, "view", EPOCH_MS)
        return Decoded([(record.offset, record.timestamp, event) for record in records], [])


def followed(
    turns: Iterable[Turn],
    act: Callable[[Desk], Awaitable[None]],
    rules: Rules,
    headers: Iterable[str] = (),
    states: Iterable[str] = (),
) -> tuple[list[ReadableSpan], ScriptedModel]:
    """The spans of a desk where `act` happens, before a model that takes these turns. `headers` are the traceparents of
    the records at offset 1 and after it, `states` the tracestates of each."""
    exporter, script = InMemorySpanExporter(), iter(turns)
    traces = Traces(
        rules, "clicks", lambda shopper: pseudonym(Settings(), shopper), SimpleSpanProcessor(exporter),
        chance=lambda: 0.5, now_ns=lambda: clock_ms() * 1_000_000,
    )  # fmt: skip
    dialect = traces.hearing(Read())
    dialect.decode([CarryingRecord(at, text, *states) for at, text in enumerate(headers, 1)])
    model = ScriptedModel(lambda _: next(script))

    async def main() -> None:
        async with desk(model, rules=CALLS, traced=traces.traced) as at:
            await act(at)

    virtually(main)
    traces.close()
    return list(exporter.get_finished_spans()), model


async def view(at: Desk) -> None:
    at.view(SHOPPER)
    await asyncio.sleep(30.0)


def named(spans: Iterable[ReadableSpan], name: str) -> ReadableSpan:
    (found,) = [each for each in spans if each.name == name]
    return found


def clock_ns(after_s: float) -> float:
    return EPOCH_MS * 1e6 + after_s * 1e9


def told(span: ReadableSpan, name: str) -> object:
    return (span.attributes or {})[name]


def test_a_call_is_one_trace_from_append_to_write() -> None:
    """Wait, prompt, model and write follow each other below one span, and the model server is told of its own."""
    spans, model = followed([Turn(delay_s=2.0)], view, Rules(share=1.0))
    root, chat = named(spans, "intent"), named(spans, "chat scripted")
    parts = [named(spans, "ingest"), named(spans, "wait"), named(spans, "prompt"), chat, named(spans, "write")]
    assert root.context is not None
    assert {each.parent.span_id for each in parts if each.parent} == {root.context.span_id}
    assert {each.context.trace_id for each in spans if each.context} == {root.context.trace_id}
    assert parts[0].start_time == root.start_time == pytest.approx(EPOCH_MS * 1_000_000, abs=2e6)
    assert parts[-1].end_time == root.end_time
    for before, after in pairwise(parts):
        assert before.end_time == after.start_time
    assert (chat.end_time or 0) - (chat.start_time or 0) == pytest.approx(2e9, abs=1e8)
    assert chat.context is not None
    assert model.calls[0].traceparent == f"00-{root.context.trace_id:032x}-{chat.context.span_id:016x}-01"
    assert told(root, "messaging.kafka.offset") == 1
    assert told(chat, "gen_ai.response.model") == "scripted"


@pytest.mark.parametrize(("share", "is_there"), [(1.0, True), (0.0, False)])
def test_a_call_time_knows_its_trace(share: float, *, is_there: bool) -> None:
    """So a bucket of the histogram leads there; only where the trace is sampled, since others may never be sent."""
    found: list[Desk] = []

    async def act(at: Desk) -> None:
        found.append(at)
        await view(at)

    spans, _ = followed([Turn(delay_s=2.0)], act, Rules(share=share, slow_s=1.0))
    root = named(spans, "intent")
    assert root.context is not None
    [desk_then] = found
    traced = desk_then.meter.timings.call.traced(2.56)
    assert (traced.trace_id if traced else None) == (f"{root.context.trace_id:032x}" if is_there else None)


def test_no_shopper_and_no_prompt_is_in_the_clear() -> None:
    """The shopper is a keyed hash, the same as in the activity log; what failed is named by its kind alone."""
    spans, model = followed([Turn(fault="failure"), Turn(("no intent",)), Turn()], view, Rules(share=1.0))
    text = " ".join(each.to_json() for each in spans)
    assert SHOPPER not in text
    assert not [call.prompt for call in model.calls if call.prompt in text]
    assert told(spans[-1], "penchant.shopper") == pseudonym(Settings(), SHOPPER)


def test_a_share_is_traced() -> None:
    """Of the others nothing is sent, and their servers are told that they are not sampled."""
    spans, model = followed([Turn()], view, Rules(share=0.4))
    assert not spans
    assert model.calls[0].traceparent.endswith("-00")
    assert followed([Turn()], view, Rules(share=0.6))[0]


def test_slow_and_failed_calls_are_traced_whatever_the_share() -> None:
    """A share of none leaves those that somebody will ask about."""
    spans, _ = followed([Turn(delay_s=9.0)], view, Rules(share=0.0, slow_s=5.0))
    assert named(spans, "intent").status.status_code is StatusCode.UNSET
    spans, _ = followed([Turn(fault="overload"), Turn()], view, Rules(share=0.0))
    assert told(named(spans, "intent"), "error.type") == "ModelOverloaded"
    assert named(spans, "chat").status.status_code is StatusCode.ERROR


def test_an_answer_that_is_no_intent_is_seen() -> None:
    """Each try is a span; the trace has not failed when the last one held."""
    spans, _ = followed([Turn(("no intent",)), Turn()], view, Rules(share=1.0))
    first, second = (each for each in spans if each.name == "chat scripted")
    assert (first.status.status_code, second.status.status_code) == (StatusCode.ERROR, StatusCode.UNSET)
    assert told(first, "error.type") == "AnswerRefused"
    assert named(spans, "intent").status.status_code is StatusCode.UNSET


def test_the_trace_of_a_record_goes_on() -> None:
    """The first event's span is the parent, all are linked, and who sampled there samples here."""
    carried = [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN[::-1]}-01"]

    async def act(at: Desk) -> None:
        at.view(SHOPPER)
        at.view(SHOPPER)
        await asyncio.sleep(30.0)

    spans, model = followed([Turn()], act, Rules(share=0.0), carried)
    root = named(spans, "intent")
    assert root.parent is not None
    assert f"{root.parent.span_id:016x}" == SPAN
    assert [f"{each.context.span_id:016x}" for each in root.links] == [SPAN, SPAN[::-1]]
    assert model.calls[0].traceparent.split("-")[1] == TRACE


@pytest.mark.parametrize("header", [f"00-{TRACE}-{SPAN}-00", "", "nothing", f"00-{TRACE}-{'0' * 16}-01", "é" * 55])
def test_a_trace_that_is_not_sampled_or_no_trace_samples_nothing(header: str) -> None:
    """Whatever producers write there, the call is made."""
    spans, model = followed([Turn()], view, Rules(share=0.0), [header])
    assert not spans
    assert model.calls


@pytest.mark.parametrize(
    ("states", "handed_on"),
    [
        (["congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"], "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"),
        (["congo=1", "rojo=2"], "congo=1,rojo=2"),  # one header or several say the same
        ([f"congo={'x' * 250}", f"rojo={'y' * 250}"], f"congo={'x' * 250},rojo={'y' * 250}"),  # 512 bytes
        ([f"congo={'x' * 251}", f"rojo={'y' * 250}"], ""),
        (["no state"], ""),
        (["congo=1,congo=2"], ""),
        (["=1"], ""),
        (["congo=é"], ""),
        ([""], ""),
    ],
)
def test_a_tracestate_is_handed_on(states: list[str], handed_on: str) -> None:
    """As it came, with the trace; what is longer than 512 bytes or none by W3C's rules is left out, the trace stays."""
    _, model = followed([Turn()], view, Rules(share=0.0), [f"00-{TRACE}-{SPAN}-01"], states)
    (call,) = model.calls
    assert call.traceparent.split("-")[1] == TRACE
    assert call.tracestate == handed_on
    assert call.trace_headers().get("tracestate", "") == handed_on


@pytest.mark.parametrize("wanted", [False, True])
def test_texts_are_in_a_span_only_where_they_are_wanted(*, wanted: bool) -> None:
    """Prompt and answer, by the names of GenAI's conventions."""
    spans, model = followed([Turn()], view, Rules(share=1.0, prompt_text=wanted))
    attributes = named(spans, "chat scripted").attributes or {}
    assert {"gen_ai.input.messages", "gen_ai.output.messages"}.isdisjoint(attributes) == (not wanted)
    if wanted:
        ((asked,), (answered,)) = (
            orjson.loads(str(attributes[f"gen_ai.{way}.messages"])) for way in ("input", "output")
        )
        assert (asked["role"], asked["parts"][0]["content"]) == ("user", model.calls[0].prompt)
        assert (answered["role"], answered["finish_reason"]) == ("assistant", "stop")
        assert answered["parts"][0]["type"] == "text"


def test_ingest_is_from_append_to_fold() -> None:
    """What an event waits in Kafka, is read, parsed and folded is one part, and waiting for its turn the next."""

    async def act(at: Desk) -> None:
        await asyncio.sleep(5.0)
        at.view(SHOPPER, after_s=3.0)
        await asyncio.sleep(30.0)

    spans, _ = followed([Turn()], act, Rules(share=1.0))
    root, ingest = named(spans, "intent"), named(spans, "ingest")
    assert ingest.start_time == root.start_time == pytest.approx(clock_ns(2.0), abs=2e6)
    assert ingest.end_time == named(spans, "wait").start_time == pytest.approx(clock_ns(5.0), abs=2e6)


def test_by_default_nothing_is_traced() -> None:
    """No call carries a trace, and no record is looked at for one."""

    async def main() -> Tracing:
        async with traced(Settings()) as tracing:
            return tracing

    assert virtually(main) == Tracing()
    dialect, model = Read(), ScriptedModel()
    assert Tracing().hearing(dialect) is dialect

    async def untraced() -> None:
        async with desk(model) as at:
            await view(at)

    virtually(untraced)
    assert model.calls[0].traceparent == ""
