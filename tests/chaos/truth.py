"""What must stand in Redis once everything is quiet, worked out from the log alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.worker.checkpoints import Checkpoint
from agents.worker.reasoning import Reasoning
from clients.calls import Completion
from penchant.settings.root import Settings
from sandbox.gpu import answers
from storage.checkpoints import Context
from streams.errors import ContextCorrupt
from streams.events.decoding import Decoder
from streams.events.event import ShopperEvent
from streams.records.erasures import Erasure
from streams.records.intents import Findings, Intent, Waits
from streams.sessions.packing import dump, load
from streams.sessions.positions import Position
from streams.sessions.session import Folded, Session, fold

Entry = tuple[int, int, ShopperEvent]


@dataclass(slots=True)
class Truth:
    """The log: by shopper what was sent, in order, and the offsets that hold no event."""

    events: dict[str, list[Entry]] = field(default_factory=dict)
    refused: set[tuple[int, int]] = field(default_factory=set)
    partitions: dict[str, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)

    def since(self, shopper: str, erasure: Erasure | None) -> Sequence[Entry]:
        """What a shopper did that counts: all, or what came since an erasure."""
        entries, number = self.events[shopper], self.partitions[shopper]
        if erasure is None:
            return entries
        return [each for each in entries if not erasure.covers(0, number, each[0], each[1])]


async def read(bootstrap: str, topic: str, partitions: int) -> Truth:
    """Read the whole topic."""
    truth = Truth()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends = await consumer.end_offsets(tps)
        truth.ends = {tp.partition: end for tp, end in ends.items()}
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for tp, records in (await consumer.getmany(timeout_ms=1_000)).items():
                _take(truth, tp.partition, records)
    finally:
        await consumer.stop()
    return truth


def _take(truth: Truth, partition: int, records: Sequence[object]) -> None:
    decoded = Decoder().decode(records)  # type: ignore[arg-type]  # aiokafka's records are such
    for offset, timestamp_ms, event in decoded.events:
        truth.events.setdefault(event.shopper_id, []).append((offset, timestamp_ms, event))
        truth.partitions[event.shopper_id] = partition
    truth.refused |= {(partition, refusal.offset) for refusal in decoded.refused}


def session_after(entries: Sequence[Entry], settings: Settings, through: int | None = None) -> tuple[Session, int]:
    """The fold of the log up to an offset, and the offset of the last event in it that asks for a call."""
    session, meaningful = Session(), -1
    for offset, timestamp_ms, event in entries:
        if through is not None and offset > through:
            break
        if fold(session, event, offset, timestamp_ms, settings.session) is Folded.MEANINGFUL:
            meaningful = offset
    return session, meaningful


Unpack = Callable[[bytes], Session]


def wrong_context(context: Context | None, entries: Sequence[Entry], settings: Settings, unpack: Unpack = load) -> str:
    """What is wrong with a stored context; empty when it is the fold of the whole log."""
    session, _ = session_after(entries, settings)
    if context is None:
        return "no context" if entries else ""
    if not entries:
        return "a context of somebody who was erased"
    at = context.position.offset
    if at > session.folded and at in {offset for offset, *_ in entries}:
        return f"context at {at}, beyond the last event that is new or in time, at {session.folded}"
    if at != session.folded:
        return f"context at {at}, the last event is at {session.folded}"
    try:
        same = dump(unpack(context.session)) == dump(session)
    except ContextCorrupt:
        same = False
    return "" if same else "the context is not the fold of the log"


def wrong_intent(shopper: str, intent: Intent | None, entries: Sequence[Entry], settings: Settings) -> str:
    """What is wrong with an intent; empty when it is what the model says of the log up to the intent's position, and
    nothing after that position asks for a call."""
    _, meaningful = session_after(entries, settings)
    if intent is None:
        return "no intent" if meaningful >= 0 else ""
    position = Position.parse(intent.position)
    if position.offset < meaningful:
        return f"intent at {position.offset}, an event at {meaningful} asks for a call"
    session, _ = session_after(entries, settings, position.offset)
    expected = _model_says(shopper, session, position, settings)
    same = all(getattr(intent, name) == getattr(expected, name) for name in (*Findings.__struct_fields__, "source"))
    return "" if same else f"the intent is not what the model says of the log up to {position.offset}"


def _model_says(shopper: str, session: Session, position: Position, settings: Settings) -> Intent:
    reasoning = Reasoning(settings.prompt.version, settings.prompts, settings.sampling)
    checkpoint = Checkpoint(Context(shopper, position, 0, "", dump(session)), session.last_ms)
    question = reasoning.ask(session, checkpoint)
    call = question.call(0.0)
    text = answers.cut(answers.load(answers.DEFAULT)(call.prompt), call.max_tokens, call.stop)
    answered = question.read(Completion(text, "ensemble", ""))
    return question.compose(answered, Waits(), 0)
