"""Timeline: recorded events on the playing clock."""

from hypothesis import given
from hypothesis import strategies as st

from sandbox.shop.timeline import timed
from streams.events.event import ShopperEvent
from streams.events.formats.rows import BadRow

BAD = BadRow(b"s", b"garbage")


def _event(time_ms: int) -> ShopperEvent:
    return ShopperEvent(event_id="e", shopper_id="s", action="view", time_ms=time_ms)


def test_gaps_shrink_with_the_speed_in_event_time_too() -> None:
    """A minute at speed 60 is a second, for the player and in the event."""
    first_ms = 1_569_888_000_000
    assert list(timed([_event(first_ms), _event(first_ms + 60_000)], 60)) == [(0.0, _event(0)), (1.0, _event(1_000))]


def test_kept_times_change_only_when_they_are_sent() -> None:
    """The event stays as recorded."""
    assert list(timed([_event(5_000), _event(7_000)], 2, keep_times=True)) == [
        (0.0, _event(5_000)),
        (1.0, _event(7_000)),
    ]


def test_bad_rows_go_with_the_event_before_them() -> None:
    """They have no time of their own."""
    assert [at_s for at_s, _ in timed([BAD, _event(5_000), BAD, _event(6_000), BAD])] == [0, 0, 0, 1, 1]


@given(st.lists(st.integers(0, 10**12)), st.floats(0.001, 1e6))
def test_no_event_lies_in_the_future_or_before_the_beginning(times_ms: list[int], speed: float) -> None:
    """Whatever order the file has, an event's time is when it is played, at the most."""
    for at_s, event in timed(map(_event, times_ms), speed):
        assert isinstance(event, ShopperEvent)
        assert 0 <= event.time_ms <= at_s * 1_000
