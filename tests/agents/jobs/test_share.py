"""How many calls jobs may have in flight."""

from hypothesis import given
from hypothesis import strategies as st

from agents.fleet.forecast import Forecast
from agents.jobs.share import MOST_GROWTH, LiveLoad, RoomWatch, growth, room

COUNTS = st.integers(0, 10_000)


@given(COUNTS, COUNTS, COUNTS, st.floats(1, MOST_GROWTH), st.floats(0.01, 1))
def test_live_and_jobs_stay_within_the_share(
    in_flight: int, limit: int, waiting: int, times: float, share: float
) -> None:
    """Also once live traffic has grown as it is expected to; and there is never less than none."""
    found = room(LiveLoad(in_flight, limit, waiting), times, share)
    assert found >= 0
    assert found == 0 or found + in_flight * times <= limit * share


@given(COUNTS, st.integers(1, 100))
def test_nothing_is_left_while_shoppers_wait_for_a_slot(in_flight: int, waiting: int) -> None:
    """All of it is theirs."""
    assert room(LiveLoad(in_flight, in_flight, waiting), 1.0, 1.0) == 0


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_peak_ahead_takes_room_and_a_valley_gives_none(now: float, ahead: float) -> None:
    """What falls is believed when it has fallen."""
    found = growth(Forecast(now, ahead, ahead, 0))
    assert 1.0 <= found <= MOST_GROWTH
    assert found == 1.0 or ahead > now
    assert growth(None) == 1.0


@given(COUNTS, st.integers(1, 50))
def test_a_constant_load_does_not_swing(found: int, looks: int) -> None:
    """Nor does none."""
    watch = RoomWatch()
    assert {watch.look(found) for _ in range(looks)} == {found}


@given(st.lists(COUNTS, min_size=1, max_size=40))
def test_room_is_taken_at_once_and_given_back_slowly(found: list[int]) -> None:
    """Never more than at any of the last ten looks."""
    watch = RoomWatch()
    for at, now in enumerate(found):
        assert watch.look(now) == min(found[max(at - 9, 0) : at + 1])
