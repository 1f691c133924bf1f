"""Sessions: the fold and its packed form."""

from hypothesis import given
from hypothesis import strategies as st

from streams.events.event import Action, Consent, Item, ShopperEvent
from streams.sessions.packing import dump, load
from streams.sessions.session import ACTIONS, ROWS_PER_EVENT, Folded, Session, SessionRules, fold, marks_of

RULES = SessionRules(gap_s=1.0, future_skew_s=0.1, high_rows=10, low_rows=6)
START_MS = 1_700_000_000_000

SAID = st.sampled_from([None, False, True])
items = st.builds(
    Item,
    id=st.sampled_from(["p1", "p2", "p3"]),
    title=st.none() | st.text(max_size=10),
    category=st.sampled_from([None, "a/b", "c"]),
    brand=st.sampled_from([None, "Orla", "Tamsin"]),
    price=st.none() | st.floats(min_value=0, max_value=1e6),
)
events = st.builds(
    ShopperEvent,
    event_id=st.integers(0, 30).map(lambda number: f"e{number}"),
    shopper_id=st.just("s"),
    action=st.sampled_from(ACTIONS),
    time_ms=st.integers(START_MS, START_MS + 6_000),
    items=st.lists(items, max_size=12).map(tuple),
    query=st.none() | st.text(max_size=10),
    consent=st.none() | st.builds(Consent, SAID, SAID),
)
logs = st.lists(events, max_size=40)


def folded(log: list[ShopperEvent], session: Session | None = None, first: int = 0) -> Session:
    session = Session() if session is None else session
    for offset, event in enumerate(log[first:], first):
        fold(session, event, offset, START_MS + 6_000, RULES)
    return session


def view(event_id: str, at_ms: int, action: Action = "view", item: str = "p1") -> ShopperEvent:
    return ShopperEvent(
        event_id=event_id, shopper_id="s", action=action, time_ms=START_MS + at_ms, items=(Item(id=item),)
    )


@given(logs)
def test_load_gives_back_what_was_dumped(log: list[ShopperEvent]) -> None:
    """`load(dump(s)) == s`, and packing is deterministic."""
    session = folded(log)
    assert load(dump(session)) == session
    assert dump(load(dump(session))) == dump(session)


@given(logs, st.integers(0, 40))
def test_a_crash_anywhere_changes_nothing(log: list[ShopperEvent], cut: int) -> None:
    """Folding a prefix, storing it, and folding from any earlier offset on comes to what one go comes to."""
    stored = load(dump(folded(log[:cut])))
    for reread_from in range(max(0, cut - 3), cut + 1):
        assert folded(log, load(dump(stored)), reread_from) == folded(log)


@given(logs)
def test_rows_stay_within_the_high_mark(log: list[ShopperEvent]) -> None:
    """History is bounded whatever comes, and cut in chunks, at event boundaries."""
    session = Session()
    for offset, event in enumerate(log):
        before = session.height
        fold(session, event, offset, START_MS + 6_000, RULES)
        assert session.height <= RULES.high_rows + ROWS_PER_EVENT
        if session.height < before and session.events > 1:
            assert RULES.low_rows <= session.height < RULES.low_rows + ROWS_PER_EVENT


def test_an_offset_folds_once() -> None:
    """What stands at or below `folded` changes nothing."""
    session = folded([view("e0", 0), view("e1", 10)])
    before = dump(session)
    assert fold(session, view("new", 20), 1, START_MS, RULES) is Folded.REPEATED
    assert dump(session) == before


def test_a_known_event_id_folds_once() -> None:
    """A duplicate at a later offset changes nothing, not even the position."""
    session = folded([view("e0", 0)])
    assert fold(session, view("e0", 5), 9, START_MS, RULES) is Folded.DUPLICATE
    assert session.folded == 0


IDS = sorted((f"e{number}" for number in range(2_000)), key=lambda event_id: marks_of([event_id])[0])[:40]
"""Of a few marks at most, with about eight ids each."""


@given(st.lists(st.tuples(st.sampled_from(IDS), st.integers(0, 2), st.booleans()), max_size=60))
def test_a_known_event_id_is_found_whatever_its_mark(told: list[tuple[str, int, bool]]) -> None:
    """An event is a duplicate just when its id is in the window, also after truncation, a gap, or packing."""
    session, at_ms = Session(), 0
    for offset, (event_id, gaps, is_packed) in enumerate(told):
        at_ms += 10 + gaps // 2 * 2_000
        is_known = event_id in session.event_ids
        outcome = fold(session, view(event_id, at_ms), offset, START_MS + at_ms, RULES)
        assert (outcome is Folded.DUPLICATE) == is_known
        assert session.marks == marks_of(session.event_ids)
        session = load(dump(session)) if is_packed else session


def test_a_gap_in_event_time_opens_a_new_session() -> None:
    """After a gap the old rows go into the profile."""
    session = folded([view("e0", 0), view("e1", 900), view("e2", 2_000)])
    assert [row.event_id for row in session.rows()] == ["e2"]
    assert session.profile.sessions == 1
    assert session.origin_ms == START_MS + 2_000


def test_late_events_fold_in_unless_their_session_has_closed() -> None:
    """Within a gap of the session's beginning an earlier event is one of its own; before that it is not."""
    session = folded([view("e0", 2_000)])
    assert fold(session, view("e1", 1_500), 1, START_MS + 6_000, RULES) is Folded.MEANINGFUL
    assert fold(session, view("e2", 900), 2, START_MS + 6_000, RULES) is Folded.LATE
    assert session.folded == 1
    assert session.origin_ms == START_MS + 2_000


def test_a_time_in_the_future_is_cut_to_the_records_own() -> None:
    """One bad clock cannot keep a session open for ever."""
    session = Session()
    fold(session, view("e0", 50_000), 0, START_MS, RULES)
    assert session.last_ms == START_MS + round(RULES.future_skew_s * 1e3)


def test_quiet_actions_ask_for_no_call() -> None:
    """Seeing a list or the cart does not change what a shopper is after."""
    session = Session()
    assert fold(session, view("e0", 0, "list_view"), 0, START_MS, RULES) is Folded.QUIET
    assert fold(session, view("e1", 1, "search"), 1, START_MS, RULES) is Folded.MEANINGFUL
    assert (session.meaningful, session.folded) == (1, 1)


def test_a_session_of_twenty_events_packs_into_a_kilobyte() -> None:
    """Twenty events with random ids over eight products with titles stay under 1,024 bytes."""
    products = [
        Item(
            id=f"p{n}", title=f"Velvet evening cloak, size {n}", category="clothing/costumes", brand="Orla", price=39.99
        )
        for n in range(8)
    ]
    session = Session()
    for n in range(20):
        unlike = (
            f"{n * 2654435761 % 2**32:08x}-{n * 40503 % 2**16:04x}-4abc-8def-{n * 11400714819323198485 % 2**48:012x}"
        )
        event = ShopperEvent(
            event_id=unlike, shopper_id="s", action="view", time_ms=START_MS + n * 7_000, items=(products[n % 8],)
        )
        fold(session, event, n, event.time_ms, SessionRules())
    assert len(dump(session)) < 1_024
