"""Session: the windowed fold of one shopper's events. Pure: a session is a function of a prefix of the log.

Event time opens and closes it: a session closes after `gap` without events. Its rows are kept in columns, because there
are hundreds of thousands of sessions and a Python object per event would cost four times the memory.
"""

from array import array
from collections.abc import Iterator, Sequence
from enum import IntEnum
from sys import getrefcount
from typing import NamedTuple, get_args

from streams.events.event import MEANINGLESS, Action, Consent, Item, ShopperEvent
from streams.section import Rows, Seconds, SecondsOrZero, section
from streams.sessions.agreement import Agreement
from streams.sessions.profiles import NOTHING, InterestCounts, merge
from streams.sessions.weight import SURELY_SHORT, WEIGHTLESS, WHILE_WEIGHED, cut, subject_bytes, tally_bytes, text_bytes

ACTIONS: tuple[str, ...] = get_args(Action)
CODES = {action: code for code, action in enumerate(ACTIONS)}
ROWS_PER_EVENT = 8
"""An order of fifty lines says little more about an intent than its first eight."""


@section
class SessionRules:
    """The window of one shopper's events."""

    gap_s: Seconds = 1_800.0
    """A session ends when its shopper does nothing for this long (event time)."""
    high_rows: Rows = 60
    """The most lines of history (events, or items of one event) that a session holds; one more drops the oldest."""
    low_rows: Rows = 36
    """How many are left after such a drop: dropping a chunk at once keeps the model's prefix cache warm for longer."""
    future_skew_s: SecondsOrZero = 60.0
    """An event time further than this beyond its record's own timestamp is cut to it."""

    def capped_ms(self, time_ms: int, timestamp_ms: int) -> int:
        """The time of an event whose record has this timestamp, both in epoch milliseconds."""
        if time_ms <= timestamp_ms:
            return time_ms
        return min(time_ms, timestamp_ms + round(self.future_skew_s * 1e3))


UNSAID = Agreement()
BOOKKEEPING = frozenset({"durable", "marks", "text_bytes"})
"""What is no part of the fold."""


class Folded(IntEnum):
    """What an event did to its session. The first three change nothing at all, so that nothing is owed for them:
    whoever reads them again after a crash folds the same prefix and comes to the same result."""

    REPEATED = 0  # offset at or below `folded`
    DUPLICATE = 1  # its id is in the window
    LATE = 2  # belongs to a session that has closed
    QUIET = 3  # entered the window, but does not ask for a call
    MEANINGFUL = 4  # entered the window, and asks for a call


REPEATED, DUPLICATE, LATE, QUIET, MEANINGFUL = Folded
"""The same by short names: until Python 3.12, looking a member up in its class costs as much as a tenth of the fold."""


class Row(NamedTuple):
    """One line of history: an event, or one item of an event with several. `time_ms` is event time."""

    event_id: str
    time_ms: int
    action: str
    item: Item | None
    query: str | None


class Session:
    """One shopper's open session.

    `folded` is the offset of the last event that entered, `durable` that of the stored context (-1: none).
    `meaningful` is the offset of the last event that asks for a call. `origin_ms` is the first event's time and never
    moves while the session is open; `last_ms` is the latest event time. `dropped` counts the rows that truncation
    moved to `earlier`. `agreement` outlives the session, None while no event said anything. `text_bytes` is about what
    texts and products take (streams/sessions/weight.py). `marks` has a byte of each row's event id: a look through
    sixty ids that have left the processor's caches would take longer than the rest of a fold.
    """

    __slots__ = (
        "actions", "agreement", "dropped", "durable", "earlier", "event_ids", "events", "folded", "last_ms", "marks",
        "meaningful", "origin_ms", "profile", "subjects", "text_bytes", "times",
    )  # fmt: skip

    def __init__(self) -> None:
        self.folded = self.durable = self.meaningful = -1
        self.profile = NOTHING
        self.agreement: Agreement | None = None
        self.text_bytes = 0
        self._open(0)

    def _open(self, origin_ms: int) -> None:
        self.origin_ms = self.last_ms = origin_ms
        self.events = self.dropped = 0
        self.earlier = NOTHING
        self.event_ids: list[str] = []
        self.marks = bytearray()
        self.times = array("q")
        self.actions = bytearray()
        self.subjects: list[Item | str | None] = []

    @property
    def height(self) -> int:
        """How many rows the window holds."""
        return len(self.times)

    def __eq__(self, other: object) -> bool:
        """Equal folds; what is bookkeeping does not count."""
        return isinstance(other, Session) and self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]  # mutable

    def _values(self) -> tuple[object, ...]:
        names = (name for name in self.__slots__ if name not in BOOKKEEPING)
        return tuple(getattr(self, name) for name in names)

    def weigh(self) -> None:
        """Weigh the texts anew."""
        rows = zip(self.event_ids, self.subjects, strict=True)
        self.text_bytes = tally_bytes(self.profile, self.earlier)
        self.text_bytes += sum(
            text_bytes(event_id) + subject_bytes(subject, WHILE_WEIGHED) for event_id, subject in rows
        )

    def rows(self) -> Iterator[Row]:
        """The window's lines, in the order of the log."""
        for event_id, time_ms, code, subject in zip(
            self.event_ids, self.times, self.actions, self.subjects, strict=True
        ):
            item, query = (None, subject) if isinstance(subject, str) else (subject, None)
            yield Row(event_id, time_ms, ACTIONS[code], item, query)


def fold(
    session: Session, event: ShopperEvent, offset: int, timestamp_ms: int, rules: SessionRules, *, follows: bool = False
) -> Folded:
    """Fold the event that stands at `offset`; `timestamp_ms` is its record's own, which caps times in the future.

    A record may hold several events: those that follow its first, when that was not REPEATED, go in at its offset. All
    of them must be folded before the session is stored.
    """
    if offset <= session.folded and not (follows and offset == session.folded):
        return REPEATED
    event_id = event.event_id
    mark = hash(event_id) & 0xFF
    if mark in session.marks and _holds(session, event_id, mark):
        return DUPLICATE
    time_ms = event.time_ms
    if time_ms > timestamp_ms:
        time_ms = rules.capped_ms(time_ms, timestamp_ms)
    gap_ms = rules.gap_s * 1e3
    if session.events == 0 or time_ms > session.last_ms + gap_ms:
        _reopen(session, time_ms)
    elif time_ms < session.origin_ms - gap_ms:
        return LATE
    session.folded = offset
    _append(session, event, time_ms, mark)
    withdrawn = event.consent is not None and _agree(session, event.consent, time_ms)
    if len(session.times) > rules.high_rows:
        _truncate(session, rules.low_rows)
    if event.action in MEANINGLESS and not withdrawn:
        return QUIET
    session.meaningful = offset
    return MEANINGFUL


def marks_of(event_ids: Sequence[str]) -> bytearray:
    """A byte of each id, the same in one process only."""
    return bytearray([hash(event_id) & 0xFF for event_id in event_ids])


def _holds(session: Session, event_id: str, mark: int) -> bool:
    """Whether a row is of this event, whose id has this mark."""
    ids, marks, at = session.event_ids, session.marks, -1
    while (at := marks.find(mark, at + 1)) >= 0:
        if ids[at] == event_id:
            return True
    return False


def _agree(session: Session, consent: Consent, time_ms: int) -> bool:
    """Take up what an event says of purposes; whether an intent may stand that says otherwise."""
    before = session.agreement or UNSAID
    session.agreement = before.then(consent, time_ms)
    return session.meaningful >= 0 and session.agreement.differs(before)


def _reopen(session: Session, time_ms: int) -> None:
    """Close what was open into the profile and start anew."""
    if not session.events:  # nothing was
        session.origin_ms = session.last_ms = time_ms
        return
    seen = merge(session.earlier, _tally(session.actions, session.subjects))
    session.profile = merge(session.profile.fade(), seen).closed()
    session._open(time_ms)
    session.text_bytes = 0 if session.profile is NOTHING else tally_bytes(session.profile)


def _append(session: Session, event: ShopperEvent, time_ms: int, mark: int) -> None:
    session.events += 1
    if time_ms > session.last_ms:  # noqa: PLR1730 - `max` takes a tenth of a microsecond
        session.last_ms = time_ms
    code, event_id, items = CODES[event.action], event.event_id, event.items
    if len(items) > ROWS_PER_EVENT:
        items = items[:ROWS_PER_EVENT]
    session.text_bytes += text_bytes(event_id)
    for subject in items or (event.query,):
        kept: Item | str | None = subject
        if subject is not None:
            text = subject if isinstance(subject, str) else subject.title
            if text is not None and len(text) > SURELY_SHORT:
                kept = cut(subject)
            if getrefcount(kept) < WEIGHTLESS:
                session.text_bytes += subject_bytes(kept)
        session.event_ids.append(event_id)
        session.marks.append(mark)
        session.times.append(time_ms)
        session.actions.append(code)
        session.subjects.append(kept)


def _truncate(session: Session, low_rows: int) -> None:
    """Drop the oldest rows in one step, whole events only, and remember them as a tally."""
    cut = len(session.times) - low_rows
    ids = session.event_ids
    while cut and ids[cut] == ids[cut - 1]:
        cut -= 1
    session.earlier = merge(session.earlier, _tally(session.actions[:cut], session.subjects[:cut]))
    session.dropped += cut
    del ids[:cut], session.marks[:cut], session.times[:cut], session.actions[:cut], session.subjects[:cut]
    session.weigh()


def _tally(actions: Sequence[int], subjects: Sequence[Item | str | None]) -> InterestCounts:
    items = [(ACTIONS[code], item) for code, item in zip(actions, subjects, strict=True) if isinstance(item, Item)]
    return InterestCounts.of(items)
