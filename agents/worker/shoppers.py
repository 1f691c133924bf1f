"""Shopper: one shopper's session in this worker's memory, and what the shopper is owed."""

from dataclasses import dataclass

from agents.worker.asked import Asked
from agents.worker.assignment import Assignment
from agents.worker.rules_first import Shown
from agents.worker.stored_sessions import StoredSession
from streams.records.erasures import Erasure
from streams.sessions.ledger import Ticket
from streams.sessions.packing import dump, load
from streams.sessions.positions import Position
from streams.sessions.session import Session
from streams.sessions.triggers import Unsummarised

PACKED_BYTES, HOT_BYTES, ROW_BYTES = 300, 865, 36
"""What a shopper takes beside its packed session; unpacked without history; and each line of that beside its texts and
products (streams/sessions/weight.py). As tracemalloc saw it."""

STORED_BYTES = 160
"""What a session that was loaded and not unpacked takes beside its bytes."""

ASKED_BYTES = 600
"""What `asked` takes beside the names in it, by sys.getsizeof of its parts."""

MODEL_TRIES = 3
"""How many faults a shopper's work may meet before the model is left out of it (agents/worker/boundary.py)."""


@dataclass(slots=True, kw_only=True)
class Owed(Unsummarised):
    """What a shopper is owed since the last call began.

    Without `call` nothing asks for one and the session is only parked; `expired`: something did, for an intent that
    nobody could read any more. `upgrade`: a rules intent stands in until the model is back. `appended_ms` is when Kafka
    took the first event (0: an earlier owner read it; then about when the session ended), `due_s` when a trigger made
    it due, and `passed_s` when a slot first came free that suited neither this shopper nor anybody else. `by_rules`:
    where the rules' intent is shown while the call runs. `begun_anew`: its call was, and is not again
    (agents/worker/restarts.py). `faults`: how many its work has met, `stored_before`: how many sessions were stored
    before the last one (agents/worker/boundary.py).
    """

    appended_ms: int = 0
    ticket: Ticket | None = None
    call: bool = False
    expired: bool = False
    upgrade: bool = False
    attempts: int = 0
    faults: int = 0
    stored_before: int = 0
    not_before_s: float = 0.0
    due_s: float = 0.0
    passed_s: float | None = None
    by_rules: Position | None = None
    begun_anew: bool = False

    def settle(self) -> None:
        """Everything owed here is covered."""
        if self.ticket is not None:
            self.ticket.settle()

    def merge(self, later: "Owed | None") -> "Owed":
        """This and what came after it, as one. What is covered already no longer counts as waiting."""
        if later is None:
            return self
        if self.ticket is None or not self.ticket.open:
            later.call |= self.call
            later.expired |= self.expired
            later.begun_anew |= self.begun_anew
            return later
        later.settle()
        self.last_s = later.last_s
        self.events += later.events
        self.call |= later.call
        self.expired |= later.expired
        if self.urgent_s is None:
            self.urgent_s = later.urgent_s
        return self


class Shopper:
    """A session, hot or packed, with at most one call running and at most one owed.

    `place` is raised whenever the shopper's place in the backlog changes: what a heap holds of an older place is void.
    `touched_s` is when an event last came, `paid_s` until when their calls are paid for, `rested_s`
    from when they may be called again (streams/sessions/triggers.py).
    `marks` are the shopper's in the persisted owed set (agents/worker/owed_set.py). `marker` is the last erasure,
    `erasure` its number; `stored_owed`: the stored context says that a call is owed; `answered` is the offset of the
    last intent that was stored here and owes nothing, `unchanged` that of the last event that changed nothing.
    `readable_ms` and `modelled_ms` say since when an intent of the last event that asked for a call can be read, the
    second of a model's (epoch; None: not yet; 0: not known here, or nothing asked); `left_out`: since a call was.
    `shown` is the model's intent that was written last, while the session is unpacked; `asked` what was said when a
    model was asked last, where that is kept.
    `ended`: nothing may be done here for the shopper any more; who awaited something asks again.
    """

    __slots__ = (
        "_folded",
        "_gone",
        "_session",
        "answered",
        "asked",
        "erasure",
        "home",
        "id",
        "late_s",
        "left_out",
        "marker",
        "marks",
        "modelled_ms",
        "owed",
        "paid_s",
        "place",
        "readable_ms",
        "rested_s",
        "running",
        "shown",
        "stored_owed",
        "touched_s",
        "unchanged",
    )

    def __init__(self, shopper_id: str, home: "Assignment[Shopper]", session: Session | bytes | None = None) -> None:
        self.id = shopper_id
        self.home = home
        self._session: Session | StoredSession | bytes = Session() if session is None else session
        self._folded = -1
        self.owed: Owed | None = None
        self.running: Owed | None = None
        self.paid_s = self.rested_s = 0.0
        self.late_s: float | None = None
        self.marks: tuple[Position, ...] = ()
        self.erasure = 0
        self.marker: Erasure | None = None
        self.stored_owed = False
        self.answered = -1
        self._gone = False
        self.place = 0
        self.touched_s = 0.0
        self.unchanged = -1
        self.readable_ms: int | None = 0
        self.modelled_ms: int | None = 0
        self.left_out = False
        self.shown: Shown | None = None
        self.asked: Asked | None = None

    @property
    def ended(self) -> bool:
        """The partition belongs to somebody else, or the shopper was erased."""
        return self._gone or self.home.ended

    def end(self) -> None:
        """The shopper was erased."""
        self._gone = True

    def stored(self, offset: int, *, owed: bool, intent: bool) -> None:
        """The session is stored up to there. At the very offset that was stored before, an intent alone says what is
        owed (storage/checkpoints.py, Verdict)."""
        if intent or offset > self.session.durable:
            self.stored_owed = owed
        if intent and not owed:
            self.answered = offset
        self.session.durable = offset

    def read(self, position: Position, now_ms: int, *, modelled: bool, left_out: bool = False) -> None:
        """An intent up to there can be read from now on; or, where a call was left out, is held to say the same."""
        if position.offset < self.session.meaningful:
            return
        if self.readable_ms is None:
            self.readable_ms = now_ms
        if modelled and self.modelled_ms is None:
            self.modelled_ms, self.left_out = now_ms, left_out

    @property
    def session(self) -> Session:
        """The session, unpacked if it was packed."""
        held = self._session
        if isinstance(held, Session):
            return held
        session = self._session = load(held) if isinstance(held, bytes) else held.open()
        return session

    def unpack(self) -> None:
        """Hold the session as itself, as whoever asks for it would."""
        _ = self.session

    def adopt(self, session: Session | StoredSession) -> None:
        """Take over a session that was loaded."""
        self._session = session
        self._folded = session.offset if isinstance(session, StoredSession) else session.folded

    @property
    def folded(self) -> int:
        """The offset of the last event that entered."""
        held = self._session
        return held.folded if isinstance(held, Session) else self._folded

    @property
    def clean(self) -> bool:
        """Nothing is owed and nothing runs: the store has it all."""
        return self.owed is None and self.running is None

    @property
    def packed(self) -> bool:
        """Whether the session is held as bytes."""
        return not isinstance(self._session, Session)

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        session, kept = self._session, ASKED_BYTES if self.asked else 0
        if isinstance(session, bytes):
            return PACKED_BYTES + kept + len(session)
        if isinstance(session, StoredSession):
            return PACKED_BYTES + STORED_BYTES + kept + len(session.packed)
        return kept + HOT_BYTES + ROW_BYTES * session.height + session.text_bytes

    def pack(self) -> None:
        """Hold the session as bytes until it is touched. Only for clean ones: the packed form knows no `durable`."""
        if not self.packed:
            self._folded = self.session.folded
            self.shown = None
            self._session = dump(self.session)
