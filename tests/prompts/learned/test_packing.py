"""Counts come back from their bytes, and a partition holds the days that still matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.learned.counts import OpenDays, Totals, day_of
from prompts.learned.packing import dump_days, dump_totals, load_days, load_totals
from streams.sessions.session import Session
from tests.prompts.learned.stream import DAY_MS, START_MS, crowd, taught, totals
from tests.prompts.shoppers import KETTLE, SHOES, TOASTER, sessions, shopper
from tests.prompts.shoppers import START_MS as SESSION_MS

DAYS = taught(crowd("one", 9, [KETTLE, SHOES]) + crowd("two", 7, [SHOES, TOASTER], day=1))
TODAY = day_of(SESSION_MS)


def test_days_come_back() -> None:
    """By their numbers, with all their places."""
    loaded = load_days(dump_days((day.number, day.pairs) for day in DAYS.values()))
    assert {day.number: day.pairs for day in loaded} == {number: day.pairs for number, day in DAYS.items()}


def test_totals_come_back() -> None:
    """And go on being counted."""
    made = totals(DAYS)
    loaded = load_totals(dump_totals(made))
    assert (loaded.day, loaded.days) == (made.day, made.days)
    assert {pair: each.places for pair, each in loaded.pairs.items()} == {
        pair: each.places for pair, each in made.pairs.items()
    }
    assert load_totals(dump_totals(Totals())).pairs == {}


@pytest.mark.parametrize("body", [b"", b"x" * 40, dump_days([])[:-3] + b"???"])
def test_other_bytes_are_refused(body: bytes) -> None:
    """They are no counts, whatever they are."""
    with pytest.raises(ValueError, match="no "):
        load_totals(body)
    with pytest.raises(ValueError, match="no "):
        load_days(body)


@given(sessions(), st.integers(-3, 3))
def test_only_today_and_yesterday_teach(session: Session, ahead: int) -> None:
    """An event of another day, by event time, is counted nowhere: a record from the year 2099 closes no day."""
    made = OpenDays()
    made.teach("ada", session, day_of(session.last_ms) + ahead)
    if ahead not in {0, 1}:
        assert made.days == {}
    assert set(made.days) <= {day_of(session.last_ms)}


def test_a_day_is_held_until_it_is_closed() -> None:
    """The day before yesterday stays, so that it is still there when a snapshot closes it; older ones go."""
    made = OpenDays()
    for day in range(4):
        made.day(TODAY + day, TODAY + day)
    assert set(made.days) == {TODAY + 1, TODAY + 2, TODAY + 3}


def test_teaching_is_counted() -> None:
    """So that who writes knows that there is something new."""
    made = OpenDays()
    made.teach("ada", shopper(("view", KETTLE)), TODAY)
    made.teach("ada", shopper(("search", "kettle")), TODAY)
    assert made.taught == 1
    assert START_MS % DAY_MS == 0
