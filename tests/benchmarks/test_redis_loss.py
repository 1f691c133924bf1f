"""Lost: what counts as lost."""

from benchmarks.redis_loss import Loss, loss
from streams.events.event import Item, ShopperEvent
from streams.sessions.packing import dump, load
from streams.sessions.session import Session, SessionRules, fold

RULES = SessionRules(high_rows=12, low_rows=4)


def _session(*numbers: int) -> Session:
    session = Session()
    for number in numbers:
        event = ShopperEvent(f"e{number}", "ada", "view", 1_000 + number, (Item(f"p{number}"),))
        fold(session, event, number, 1_000_000, RULES)
    return session


def test_nothing_is_lost_when_redis_has_the_fold_of_the_log() -> None:
    """Also of sessions that were cut."""
    expected = {"ada": _session(1, 2, 3), "bob": _session(*range(20))}
    stored = {shopper: load(dump(session)) for shopper, session in expected.items()}
    assert loss(expected, stored) == Loss(events=0, shoppers=0, sessions=0)


def test_a_shopper_who_is_missing_has_lost_everything() -> None:
    """Not only what the window would hold."""
    assert loss({"ada": _session(*range(20))}, {}) == Loss(events=20, shoppers=1, sessions=1)


def test_an_event_in_the_middle_is_missed() -> None:
    """The offset stored last says nothing about those before it."""
    assert loss({"ada": _session(1, 2, 3)}, {"ada": _session(1, 3)}) == Loss(events=1, shoppers=0, sessions=1)


def test_an_event_that_fell_out_of_the_window_is_missed() -> None:
    """By the count of events."""
    assert loss({"ada": _session(*range(20))}, {"ada": _session(*range(1, 20))}).events == 1
