"""Whom the demonstration follows."""

from penchant.demo.followed import MOST, QUIET_S, ROWS, Followed
from streams.events.event import ShopperEvent


def event(shopper: str, number: int = 0) -> ShopperEvent:
    """Somebody looks around."""
    return ShopperEvent(f"{shopper}-{number}", shopper, "list_view", number)


def test_the_busiest_who_has_an_intent_is_followed_and_kept() -> None:
    """However busy others become, until nothing has come for a while."""
    followed = Followed()
    for number in range(3):
        followed.note(event("ada", number), 0.0)
    followed.note(event("bob"), 0.0)
    followed.choose([], 0.0)
    assert followed.shopper is None
    followed.choose(["bob", "ada", "gone"], 0.0)
    assert followed.shopper == "ada"
    for number in range(9):
        followed.note(event("bob", number), QUIET_S)
    followed.choose(["bob"], QUIET_S - 0.1)
    assert followed.shopper == "ada"
    followed.choose(["bob"], QUIET_S)
    assert followed.shopper == "bob"
    assert [each.time_ms for each in followed.seen.rows] == list(range(9))[-ROWS:]


def test_somebody_who_left_is_still_there_when_nobody_else_is() -> None:
    """At the end of the play all are quiet."""
    followed = Followed()
    followed.note(event("ada"), 0.0)
    followed.choose(["ada"], 0.0)
    followed.choose([], 100.0)
    assert followed.shopper == "ada"


def test_memory_is_bounded() -> None:
    """A recording may have any number of shoppers."""
    followed = Followed()
    for number in range(MOST + 10):
        followed.note(event(f"s{number}"), 0.0)
    followed.choose(["s3", f"s{MOST}"], 0.0)
    assert followed.shopper == f"s{MOST}"
