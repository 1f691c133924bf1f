"""Rhythm: for how long a session is to be quiet, by the shop's gaps and the shopper's own."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from prompts.learned.counts import OpenDays, Totals
from prompts.learned.lessons import Lesson, gaps
from prompts.learned.rhythm import quiet_s
from prompts.learned.snapshot import DECILES, Snapshot, load, snapshot
from streams.events.event import ShopperEvent
from streams.sessions.session import Session, SessionRules, fold
from streams.sessions.triggers import TriggerRules, Unsummarised, due_s

NOON_MS = 1_767_268_800_000
DAY = NOON_MS // 86_400_000
RULES = TriggerRules(overtaken=0.5, max_wait_s=3.0)
gap_lists = st.lists(st.floats(0.05, 1_500.0), min_size=1, max_size=12)


def session_of(gaps_s: list[float], action: str = "view", shopper: str = "ada") -> Session:
    """One whose events are so far apart."""
    session, at_ms = Session(), NOON_MS
    for number, gap_s in enumerate([0.0, *gaps_s]):
        at_ms += round(gap_s * 1e3)
        event = ShopperEvent(f"{shopper}-{number}", shopper, action, at_ms)  # type: ignore[arg-type]
        fold(session, event, number, at_ms, SessionRules())
    return session


def learned(gap_s: float, shoppers: int = 60, action: str = "view") -> Snapshot:
    """What is known when so many shoppers go on after so long."""
    days = OpenDays()
    for number in range(shoppers):
        days.teach(f"s{number}", session_of([gap_s], action, f"s{number}"), DAY)
    return snapshot(Totals().after(days.days[DAY]), NOON_MS)


def test_a_gap_is_taught_under_the_action_before_it() -> None:
    """In bins of half a doubling; a first event teaches none."""
    assert gaps(session_of([])) == []
    assert gaps(session_of([8.0])) == [Lesson("gap_after", "view", "6"), Lesson("gap_after", "", "6")]
    assert gaps(session_of([8.0, 0.0]))[0].name == "-6"


def test_where_shoppers_go_on_slowly_a_call_is_made_at_once() -> None:
    """There is nothing to wait for."""
    assert quiet_s(session_of([]), learned(40.0), RULES) == 0.0


def test_where_shoppers_go_on_before_an_answer_could_come_a_call_waits() -> None:
    """Until they are known to have stopped, or the longest wait has passed."""
    waits_s = quiet_s(session_of([]), learned(0.7), RULES)
    assert waits_s is not None
    assert 0.5 <= waits_s <= 3.0


def test_a_shopper_who_is_quicker_than_others_is_waited_for() -> None:
    """From five events on their own rhythm counts."""
    shop = learned(4.0)
    assert quiet_s(session_of([4.0]), shop, RULES) == 0.0
    quick = quiet_s(session_of([0.9] * 5), shop, RULES)
    assert quick is not None
    assert quick > 0


def test_what_is_not_known_leaves_the_rules_alone() -> None:
    """Without a snapshot, without support for one, and where the rules do not go by it."""
    session = session_of([1.0])
    assert quiet_s(session, None, RULES) is None
    assert quiet_s(session, learned(1.0, shoppers=5), RULES) is None
    assert quiet_s(session, learned(1.0), replace(RULES, overtaken=0.0)) is None
    owed = Unsummarised(first_s=10.0, last_s=11.0)
    assert due_s(owed, None, RULES, None) == due_s(owed, None, RULES) == 12.0
    assert due_s(owed, None, RULES, 0.0) == 11.0
    assert due_s(owed, None, RULES, 9.0) == 13.0


@given(gap_lists, st.floats(0.1, 100.0), st.floats(0.01, 1.0))
def test_a_wait_is_within_the_longest(gaps_s: list[float], usual_s: float, overtaken: float) -> None:
    """Whatever the gaps; and the more certain it must be that the answer is overtaken, the shorter it is."""
    shop, session = learned(usual_s, shoppers=25), session_of(gaps_s)
    waits = [quiet_s(session, shop, replace(RULES, overtaken=each)) for each in (overtaken, min(overtaken * 1.5, 1.0))]
    assert all(each is not None and 0 <= each <= RULES.max_wait_s for each in waits)
    assert (waits[0] or 0.0) >= (waits[1] or 0.0)


def test_a_snapshot_holds_deciles_and_one_without_gaps_is_read() -> None:
    """An earlier version wrote none."""
    shop = learned(8.0)
    assert [name for name, _ in shop.row("gap_after", "view")] == [str(each) for each in DECILES]
    assert load(shop.dump()) == shop
    older = load(shop.dump().replace(b'"gap_after"', b'"gap_afterwards"'))
    assert not older.tables["gap_after"]
