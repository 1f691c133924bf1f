"""Agreement: the latest that a shopper said of each purpose counts, and outlives sessions and versions."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.event import Action, Consent, Item, ShopperEvent
from streams.sessions.agreement import Agreement, Said, purposes
from streams.sessions.packing import dump, load
from streams.sessions.session import Folded, Session, SessionRules, fold

RULES = SessionRules(gap_s=1.0)
START_MS = 1_700_000_000_000
YES, NO = Consent(personalisation=True, advertising=True), Consent(personalisation=False, advertising=False)
NO_ADS = Consent(advertising=False)

FORMER = base64.b64decode(
    "eAFtT7sOwjAM/BfPFthJJWYGJjYkpihTZamoaWEI/8/ZIJWheZzOF19yKcoJU0+yja1KEDmzcBGHioX9zwu9lJiu1nszkOm52HF+9HGyFeV5"
    "XKBmOQjT5X4jVvjDsr5b4z34diTaPQyDeggywf3mjxuaHSKaeuTI7RBS5oGHYDT/cuLXtX4A5ctEKw=="
)
"""A session of three events as version 0.1.0 packed it, before there were purposes."""

said = st.sampled_from([None, False, True])
statements = st.lists(st.tuples(st.integers(0, 9), said, said), max_size=8)


def event(number: int, at_ms: int, consent: Consent | None = None, action: Action = "view") -> ShopperEvent:
    return ShopperEvent(f"e{number}", "ada", action, START_MS + at_ms, (Item("p"),), consent=consent)


def folded(*events: ShopperEvent) -> Session:
    session = Session()
    for offset, each in enumerate(events):
        fold(session, each, offset, START_MS + 100_000, RULES)
    return session


@given(statements)
def test_the_latest_counts_for_each_purpose(told: list[tuple[int, bool | None, bool | None]]) -> None:
    """By event time; of equal times the later one in the log."""
    session = folded(*(event(number, at_ms, Consent(*each)) for number, (at_ms, *each) in enumerate(told)))
    for place, name in enumerate(("personalisation", "advertising"), 1):
        spoken = [(each[0], number, each[place]) for number, each in enumerate(told) if each[place] is not None]
        expected = max(spoken)[2] if spoken else None
        assert (getattr(session.agreement, name).agreed if session.agreement else None) is expected


def test_it_outlives_the_session_and_the_packing() -> None:
    """A session that closes forgets what was looked at, not what was agreed to."""
    session = folded(event(1, 0, YES), event(2, 50_000))
    assert session.profile.sessions == 1
    assert purposes(load(dump(session)).agreement, None) == ("advertising", "personalisation")


def test_the_former_version_is_read_and_its_sessions_are_packed_as_it_did() -> None:
    """So workers of both versions hand shoppers to each other; only where something was said the new one is needed."""
    session = load(FORMER)
    assert (session.events, session.height, session.agreement) == (3, 4, None)
    assert load(dump(session)) == session
    assert zlib.decompress(dump(session)) == zlib.decompress(FORMER)


def test_a_change_asks_for_a_new_intent_even_on_a_quiet_event() -> None:
    """Rankers must not go on with what was withdrawn. Before the first intent, or when nothing changes, it does not."""
    session = Session()
    told: list[tuple[Consent | None, Action]] = [
        (YES, "list_view"), (None, "view"), (YES, "list_view"), (NO_ADS, "list_view"), (NO_ADS, "cart_view"),
    ]  # fmt: skip
    outcomes = [
        fold(session, event(number, number, consent, action), number, START_MS, RULES)
        for number, (consent, action) in enumerate(told)
    ]
    assert outcomes == [Folded.QUIET, Folded.MEANINGFUL, Folded.QUIET, Folded.MEANINGFUL, Folded.QUIET]


@pytest.mark.parametrize(
    ("consents", "default", "expected"),
    [
        ((), None, None),
        ((), (), ()),
        ((), ("personalisation", "advertising"), ("advertising", "personalisation")),
        ((YES,), (), ("advertising", "personalisation")),
        ((YES, NO), ("advertising",), ()),
        ((NO_ADS,), ("personalisation", "advertising"), ("personalisation",)),
        ((NO_ADS,), None, ()),
    ],
)
def test_a_default_speaks_where_the_shop_says_nothing(
    consents: tuple[Consent, ...], default: tuple[str, ...] | None, expected: tuple[str, ...] | None
) -> None:
    """For each purpose; without one nothing is said of those who said nothing, and a purpose of which nobody speaks is
    not agreed to."""
    agreement: Agreement | None = None
    for at, consent in enumerate(consents):
        agreement = (agreement or Agreement(Said(), Said())).then(consent, at)
    assert purposes(agreement, default) == expected
