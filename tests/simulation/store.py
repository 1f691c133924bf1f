"""The store as a server of its own: the fake of tests/fakes/store.py, with a history to fall back into."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from math import inf
from typing import TypeVar

from sandbox.clock import Clock
from storage.checkpoints import Context, Erased, Verdict, Write
from storage.erasures import Outcome
from streams.errors import StoreUnavailable
from streams.records.erasures import Erasure
from streams.records.watermark import Watermark
from streams.sessions.packing import load
from streams.sessions.positions import Position
from streams.sessions.session import Session
from tests.fakes.store import Data, MemoryStore
from tests.simulation.learned import said
from tests.simulation.nodes import Nodes, marks
from tests.simulation.packed import out_of_step
from tests.simulation.trace import Trace
from tests.simulation.truth import Truth, content

T = TypeVar("T")
Writer = Callable[[str, Write, Verdict], None]


class Store(MemoryStore):
    """Remembers what was stored when, for as long as a replica may lag: a fail-over loses at most `lag_s`. `others` are
    told of its erasures too."""

    def __init__(
        self, clock: Clock, now_ms: Callable[[], int], trace: Trace, truth: Truth, lag_s: float, nodes: Nodes
    ) -> None:
        super().__init__(now_ms)
        self._nodes = nodes
        self._clock, self._trace, self._truth, self._lag_s = clock, trace, truth, lag_s
        self._history: deque[tuple[float, Data]] = deque([(0.0, self.snapshot())])
        self.wrong: list[str] = []
        self.ttl_ms: float = inf
        self.others: list[Store] = []
        self.verdicts: Counter[str] = Counter()
        self.asked: Callable[[str, str], int | None] = lambda _, __: None
        self.early: set[tuple[str, str, str]] = set()
        self.traps: dict[str, list[Callable[[str], None]]] = {"write": [], "owe": [], "settle": []}

    def snapshot(self) -> Data:
        """Values are frozen, so that copying the tables is enough."""
        data = self._data
        owed = type(data.owed)(set, {number: set(names) for number, names in data.owed.items()})
        tables = dict(data.contexts), dict(data.intents), dict(data.packed), dict(data.markers)
        return Data(*tables, data.reached, owed, data.nonce)

    @property
    def data(self) -> Data:
        """What is stored now."""
        return self._data

    def durable(self, at_s: float) -> Data:
        """What was stored at a time, and has not been lost since."""
        stored = self._history[0][1]
        for then_s, data in self._history:
            if then_s > at_s:
                break
            stored = data
        return stored

    def fail_over(self, back_s: float) -> None:
        """A replica takes over that has seen no more than what was stored a while ago."""
        to_s = self._clock.now_s - back_s
        while len(self._history) > 1 and self._history[-1][0] > to_s:
            self._history.pop()
        self._data = self._history[-1][1]
        self._data = self.snapshot()
        self.restart()

    def node_falls_back(self, node: int, back_s: float) -> None:
        """The same for one node of several: what the others hold stays."""
        to_s = self._clock.now_s - back_s
        then = self.durable(to_s)
        self._history = deque(
            (at_s, data if at_s <= to_s else self._nodes.mixed(data, then, node)) for at_s, data in self._history
        )
        self._data = self._nodes.mixed(self._data, then, node)
        self.restart()

    def begins_with(self, write: Write) -> None:
        """This is stored already when everything begins."""
        self._write(write)
        self._history[0] = (0.0, self.snapshot())

    def lose_all(self) -> None:
        """Everything is gone, and no replica has it."""
        self.flush()
        self._history.clear()
        self._history.append((0.0, self.snapshot()))

    def changed(self) -> None:
        """Remember what is stored now."""
        now_s = self._clock.now_s
        self._history.append((now_s, self.snapshot()))
        while len(self._history) > 1 and self._history[1][0] < now_s - 2 * self._lag_s:
            self._history.popleft()

    # What a connection asks

    def read(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        """Load."""
        self._must_answer(*shoppers)
        return [self._load(shopper) for shopper in shoppers]

    def take(self, who: str, writes: Sequence[Write]) -> list[Verdict]:
        """Write, and see to it that nothing wrong is stored and no position goes back."""
        verdicts = []
        if not any(self._nodes.writes(write.context.shopper) for write in writes):
            raise StoreUnavailable("no node answers")
        for write in writes:
            if not self._nodes.writes(write.context.shopper):
                verdicts.append(Verdict.UNDECIDED)
                continue
            if write.intent is not None and write.intent_expires_at_ms > write.intent.as_of_ms + self.ttl_ms:
                self.wrong.append(f"revived: an intent of {write.context.shopper} is to show when its time is over")
            self.wrong += out_of_step(self._data, write.context.shopper)
            before = self.standing(write.context.shopper)
            verdict = self._write(write)
            verdicts.append(verdict)
            self.judge(write, before)
            self._judge_early(write)
            self._judge_learned(write)
            if self._trace.on:
                self._trace.say("store", _write_text(who, write, verdict))
        self.verdicts.update(verdicts)
        self.changed()
        self._spring("write", who)
        return verdicts

    def _judge_early(self, write: Write) -> None:
        """An intent that is written while its shopper's call runs stands no higher than the call: else its answer would
        be refused, and never be seen."""
        context, intent = write.context, write.intent
        asked = self.asked(context.owner, context.shopper)
        if intent is None or asked is None:
            return
        offset = context.position.offset
        if offset == asked and intent.source == "rules":
            self.early.add((context.owner, context.shopper, intent.position))
        if offset > asked:
            what = f"the {intent.source} intent of {context.shopper} at {offset}"
            self.wrong.append(f"first: {what} is written while a call about {asked} runs")

    def _judge_learned(self, write: Write) -> None:
        """An intent is M of the session that stands at its position, and of the snapshot that it names. Whoever has not
        heard of an erasure yet has an older session."""
        context, intent = write.context, write.intent
        asked = self._truth.erasures.get(context.shopper)
        unheard = asked is not None and context.erasure < asked.number
        if intent is None or unheard or context.shopper in self._truth.thinned:
            return
        offset = Position.parse(intent.position).offset
        packed = self._truth.packed.get((context.partition, offset))
        if packed is not None and intent.mission.text != said(packed, intent.source, intent.learned):
            what = f"the {intent.source} intent of {context.shopper} at {context.partition}/{offset}"
            self.wrong.append(f"learned: {what} is not made with {intent.learned or 'no snapshot'}, which it names")

    def add(self, who: str, partition: int, entries: Sequence[str]) -> None:
        """Owe."""
        self._must_answer(marks(partition))
        self._trace.say("store", f"{who} owes {', '.join(entries)} in partition {partition}")
        for entry in entries:
            self._owe(partition, entry)
        self.changed()
        self._spring("owe", who)

    def remove(self, who: str, partition: int, entries: Sequence[str]) -> None:
        """Settle."""
        self._must_answer(marks(partition))
        self._trace.say("store", f"{who} settles {', '.join(entries)} in partition {partition}")
        for entry in entries:
            self._settle(partition, entry)
        self.changed()
        self._spring("settle", who)

    def members(self, partition: int) -> list[str]:
        """The owed set."""
        self._must_answer(marks(partition))
        return sorted(self._data.owed[partition])

    def name(self) -> str:
        """The incarnation; the first to ask changes the data."""
        self._all_must_answer()
        known = self._data.nonce
        name = self._incarnation()
        if not known:
            self.changed()
        return name

    def forgets(self, who: str, erasures: Sequence[Erasure]) -> list[Outcome]:
        """Erase."""
        self._trace.say("store", f"{who} erases {', '.join(f'{each.shopper} {each.number}' for each in erasures)}")
        for other in self.others:
            other.forgets(who, erasures)
        away = StoreUnavailable("its node does not answer")
        outcomes = [self._erased(each) if self._nodes.writes(each.shopper) else away for each in erasures]
        self.changed()
        return outcomes

    def has_come_to(self, mark: Watermark) -> None:
        """All erasures before it are taken over."""
        self._all_must_answer()
        self._data.reached = mark
        self.changed()

    def said(self) -> Watermark:
        """How far every node was told."""
        self._all_must_answer()
        return self._data.reached

    def _must_answer(self, *keys: str) -> None:
        if not all(map(self._nodes.answers, keys)):
            raise StoreUnavailable("a node does not answer")

    def _all_must_answer(self) -> None:
        if self._nodes.away:
            raise StoreUnavailable("a node does not answer")

    def _spring(self, action: str, who: str) -> None:
        """Something was waiting for this."""
        traps = self.traps[action]
        if traps:
            traps.pop(0)(who)

    def standing(self, shopper: str) -> tuple[Position | None, Position | None]:
        context, intent = self._live(self._data.contexts, shopper), self.intent(shopper)
        return context.position if context else None, Position.parse(intent.position) if intent else None

    def judge(self, write: Write, before: tuple[Position | None, Position | None]) -> None:
        shopper = write.context.shopper
        erasure = self._truth.erasures.get(shopper)
        if erasure is not None and self._number(shopper) < erasure.number:
            return  # asked for, and not here yet
        after = self.standing(shopper)
        for kind, was, now in zip(("context", "intent"), before, after, strict=True):
            if was is not None and (now is None or now < was):
                self.wrong.append(f"position: the {kind} of {shopper} went back from {was} to {now}")
        if after == before or shopper in self._truth.thinned:
            return
        context = self._data.contexts[shopper][0]
        right = self._truth.packed.get((context.partition, context.position.offset))
        if right is None or content(right) != content(context.session):
            what = f"the context of {shopper} at {context.partition}/{context.position.offset} by {context.owner}"
            self.wrong.append(f"fold: {what} is not the fold of the log: {_difference(context.session, right)}")


def _difference(packed: bytes, right: bytes | None) -> str:
    if right is None:
        return "nothing entered there"
    have, want = load(packed), load(right)
    names = [name for name in Session.__slots__ if getattr(have, name) != getattr(want, name)]
    return ", ".join(f"{name} {getattr(have, name)} for {getattr(want, name)}" for name in names) or "other bytes"


def _write_text(who: str, write: Write, verdict: Verdict) -> str:
    context, intent = write.context, write.intent
    what = f"{intent.source} intent at {intent.position.split(':')[1]} and " if intent else ""
    return f"{who} writes {what}context of {context.shopper} at {context.position.offset} ({context.owner}): {verdict}"
