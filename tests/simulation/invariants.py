"""The invariants of the design's section 3. Each finding is one line that begins with the name of its invariant.

At every commit: `commit` (nothing uncovered lies below), `call` (no owed call is forgotten), `letter` (nor a refusal),
`retention` (what was deleted unread is said).
At every write: `position`, `fold`, `first`, `learned`, `revived`, `packed` (tests/simulation/store.py).
At every call: `calls`. Now and then: `bounds`, `heaps`, `head`, `death`. At the end: `settled`, `erased`, `packed`,
`writes`. More in spending.py, progress.py, arms.py.
"""

from bisect import bisect_left
from collections.abc import Iterator

from agents.worker.backlog import Backlog
from agents.worker.enrichment import Enrichment
from agents.worker.lazy_heap import ENTRIES_PER_OWED, SLACK
from agents.worker.partition import Partition
from agents.worker.rules_first import SHARE
from agents.worker.shoppers import Shopper
from streams.kafka.batches import TP
from streams.records.intents import Intent
from streams.sessions.ledger import Ticket
from streams.sessions.positions import Position
from tests.fakes.store import Data
from tests.simulation.broker import Broker
from tests.simulation.control import Control
from tests.simulation.held_out import held_out
from tests.simulation.packed import out_of_step
from tests.simulation.plan import EPOCH_MS
from tests.simulation.scale import COMMIT_LAG_S, SKEW_MS, Scale
from tests.simulation.servers import DeadLetterServer
from tests.simulation.truth import Life, Truth

SLOW_S, HELD = 1.5, 12
"""How long pausing may take while the store times out, and how many batches may have been fetched by then."""

PARKED_ROUNDS = 2
"""Whoever waits and holds a commit too long is parked within so many rounds of the upkeep."""


class Invariants:
    """What must hold, told from the truth and from what the servers hold. `expired` are the ranges of partitions that
    workers have said were deleted unread."""

    def __init__(
        self, truth: Truth, letters: DeadLetterServer, scale: Scale, control: Control, *, tried: bool = False
    ) -> None:
        self._tried = tried
        self._truth, self._letters, self._scale, self._control = truth, letters, scale, control
        self.expired: list[tuple[int, int, int]] = []
        self._checked: dict[TP, int] = {}
        self._over: dict[Partition, float] = {}
        self._heavy: dict[Backlog, float] = {}
        self._waiting: dict[Ticket, float] = {}

    def commit(self, tp: TP, offset: int, durable: Data, now_s: float, now_ms: int) -> Iterator[str]:
        """Everything below a committed offset is `durable`, which is what the store held a commit lag ago."""
        first = self._checked.get(tp, 0)
        if offset < first:
            yield f"commit: {tp.partition}/{offset} is committed after {tp.partition}/{first}"
        for below in range(first, offset):
            yield from self._covered((tp.partition, below), durable, now_s - COMMIT_LAG_S)
        self._checked[tp] = max(first, offset)
        for shopper, life in self._truth.lives.items():
            if life.partition == tp.partition:
                yield from self._remembered(shopper, life, offset, durable, now_ms)

    def _covered(self, place: tuple[int, int], durable: Data, by_s: float) -> Iterator[str]:
        partition, offset = place
        shopper = self._truth.entered.get(place)
        if place in self._truth.lost:
            yield from self._said(place, durable)
        elif shopper is not None and shopper not in self._truth.thinned:
            context, _ = durable.contexts.get(shopper, (None, 0))
            if context is None or context.position.offset < offset:
                stored = context.position.offset if context else "nothing"
                yield f"commit: passes {partition}/{offset} of {shopper}, but {stored} is stored for good"
        elif place in self._truth.bad:
            taken_s = self._letters.taken_s.get(place)
            if taken_s is None or taken_s + self._scale.dead_letters.window_s > by_s:
                yield f"letter: commit passes {partition}/{offset}, whose dead letter was taken at {taken_s}"

    def _said(self, place: tuple[int, int], durable: Data) -> Iterator[str]:
        """What retention has deleted is stored all the same, or is said to be gone."""
        (partition, offset), shopper = place, self._truth.lost[place]
        context, _ = durable.contexts.get(shopper, (None, 0))
        stored = context is not None and context.position.offset >= offset
        told = any(number == partition and first <= offset <= last for number, first, last in self.expired)
        if not stored and not told and shopper not in self._truth.erasures:
            yield f"retention: commit passes {partition}/{offset} of {shopper}, deleted unread, and nobody says so"

    def _remembered(self, shopper: str, life: Life, below: int, durable: Data, now_ms: int) -> Iterator[str]:
        """The last event that asks for a call has its intent, or its shopper is in the persisted owed set."""
        count = bisect_left(life.meaningful, below)
        if not count or shopper in self._truth.thinned or (self._tried and held_out(shopper)):
            return
        asked = life.meaningful[count - 1]
        intent, _ = durable.intents.get(shopper, (None, 0))
        if intent is not None and Position.parse(intent.position).offset >= asked:
            return
        if not owes(durable, life.partition, shopper) and not self._expired(life.partition, asked, now_ms):
            yield f"call: commit passes {life.partition}/{asked} of {shopper}, whose call nobody remembers"

    def settled(self, broker: Broker, data: Data, now_ms: int) -> Iterator[str]:
        """What is left to do, or was done wrong, when everything had time to settle."""
        for tp, end in broker.ends().items():
            if broker.group.committed.get(tp, 0) < end:
                yield f"settled: {tp.partition}/{broker.group.committed.get(tp, 0)} is committed, the end is {end}"
        for place in self._truth.bad - self._letters.taken_s.keys():
            yield f"settled: {place} is no dead letter"
        for place in self._letters.taken_s.keys() - self._truth.bad - self._truth.odd.keys():
            yield f"settled: {place} is a dead letter without need"
        for shopper, life in self._truth.lives.items():
            if shopper not in self._truth.thinned:
                yield from self._shopper_settled(shopper, life, data, now_ms)
        for shopper in data.intents:
            yield from out_of_step(data, shopper)
        for number, marks in data.owed.items():
            if marks:
                yield f"settled: partition {number} still owes {sorted(marks)}"

    def _shopper_settled(self, shopper: str, life: Life, data: Data, now_ms: int) -> Iterator[str]:
        context, _ = data.contexts.get(shopper, (None, 0))
        known = context is not None or shopper in data.intents
        if life.last < 0 and known and shopper in self._truth.erasures:
            yield f"erased: something of {shopper} is stored, who was erased and did nothing since"
        if life.last >= 0 and (context is None or context.position.offset != life.last):
            stored = context.position.offset if context else "nothing"
            yield f"settled: {shopper} is stored at {stored}, the last event stands at {life.partition}/{life.last}"
        held_back = self._tried and held_out(shopper)
        if life.meaningful and not held_back and not self._expired(life.partition, life.last, now_ms):
            intent, _ = data.intents.get(shopper, (None, 0))
            yield from self._intent_right(shopper, life, intent)

    def _intent_right(self, shopper: str, life: Life, intent: Intent | None) -> Iterator[str]:
        if intent is None:
            yield f"settled: {shopper} has no intent"
            return
        offset = Position.parse(intent.position).offset
        if offset < life.meaningful[-1]:
            yield f"settled: the intent of {shopper} stands at {offset}, before {life.partition}/{life.meaningful[-1]}"
        elif intent.source == "rules" and self._control.ruled((intent.written_at_ms - EPOCH_MS) / 1e3):
            return
        elif (intent.source, intent.mission.text.partition(" ")[0]) != self._truth.mission(life.partition, offset):
            yield f"settled: the {intent.source} intent of {shopper} at {offset} is not M(F(log))"

    def _expired(self, partition: int, offset: int, now_ms: int) -> bool:
        return self._truth.last_ms[partition, offset] + self._scale.intent.ttl_s * 1e3 < now_ms + SKEW_MS

    def written(self, early: int, calls: int) -> Iterator[str]:
        """Intents that are written before their call's answer are few: at most 1.2 writes a call."""
        if early > SHARE * calls:
            yield f"writes: {early} intents of rules were written beside {calls} calls that still ran"

    def bounds(self, enrichment: Enrichment, awake_s: float, now_s: float) -> Iterator[str]:
        """A partition with too much uncovered is soon paused, and what is paused does not pile up.

        The worker has been awake, that is, not frozen, since `awake_s`.
        """
        for tp, partition in enrichment.partitions.items():
            if len(partition.held) > HELD:
                yield f"bounds: {len(partition.held)} batches of partition {partition.number} are held"
            if partition.ledger.span() <= self._scale.backlog.max_span or tp in enrichment.paused:
                self._over.pop(partition, None)
            elif max(self._over.setdefault(partition, now_s), awake_s) + SLOW_S < now_s:
                yield f"bounds: {partition.ledger.span()} offsets of partition {partition.number} are uncovered"

    def heaps(self, backlog: Backlog, awake_s: float, now_s: float) -> Iterator[str]:
        """What the backlog's heaps hold is bounded by who is owed; soon again after a partition went."""
        if backlog.entries <= ENTRIES_PER_OWED * len(backlog) + SLACK:
            self._heavy.pop(backlog, None)
        elif max(self._heavy.setdefault(backlog, now_s), awake_s) + SLOW_S < now_s:
            yield f"heaps: {backlog.entries} entries for {len(backlog)} shoppers who are owed"

    def head_of_line(self, enrichment: Enrichment, since_s: float, now_s: float) -> Iterator[str]:
        """With a store that has been well `since_s`, whoever waits is soon parked and holds no commit any more.

        What else holds one does so no longer than a call, or a refusal, takes.
        """
        calls, bound_s = self._scale.calls, self._scale.backlog.park_after_s + 1.0
        busy_s = (
            bound_s
            + calls.longest_deadline_s * calls.max_attempts
            + calls.backoff_s
            + self._scale.dead_letters.window_s
        )
        for partition in enrichment.partitions.values():
            head = partition.ledger.head()
            if head is None or max(head.since_s, since_s) + bound_s >= now_s:
                continue
            waits = isinstance(head.holder, Shopper) and head.holder.running is None
            if waits:  # a call may have ended just now: they are parked soon
                late = self._waiting.setdefault(head, now_s) + PARKED_ROUNDS * self._scale.upkeep.every_s < now_s
            else:
                self._waiting.pop(head, None)
                late = max(head.since_s, since_s) + busy_s < now_s
            if late:
                yield f"head: {partition.number}/{head.offset} is uncovered since {head.since_s:.2f}"


def owes(data: Data, partition: int, shopper: str) -> bool:
    """Whether a shopper is in the persisted owed set."""
    return any(_marked(mark) == shopper for mark in data.owed.get(partition, ()))


def _marked(mark: str) -> str:
    return mark.split(":", 3)[3]
