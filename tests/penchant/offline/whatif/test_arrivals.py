"""A recording as arrivals: in order, by the time at which the events happened, of some shoppers or all."""

from hypothesis import given
from hypothesis import strategies as st

from penchant.offline.estimate.rehearsal import Arrived
from penchant.offline.whatif.arrivals import EPOCH_MS, Record, recorded
from streams.events.event import ShopperEvent
from streams.sessions.session import SessionRules

RULES = SessionRules()


def arrived(offset: int, time_ms: int, timestamp_ms: int, shopper: str = "ada") -> Arrived:
    return Arrived(0, offset, timestamp_ms, ShopperEvent(str(offset), shopper, "view", time_ms))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=30))
def test_nothing_comes_before_what_is_ahead_of_it(times: list[tuple[int, int]]) -> None:
    """The first at zero; offsets stay."""
    events = [arrived(offset, EPOCH_MS + time_ms, EPOCH_MS + stamp) for offset, (time_ms, stamp) in enumerate(times)]
    recording = recorded(events, RULES, 1_000)
    at_s = [arrival.at_s for arrival in recording.arrivals]
    assert at_s == sorted(at_s)
    assert at_s[0] >= 0
    assert [arrival.offset for arrival in recording.arrivals] == list(range(len(times)))
    assert Record.of(recording.arrivals[-1], recording.epoch_ms).timestamp == recording.epoch_ms + int(at_s[-1] * 1e3)


def test_a_clock_that_is_ahead_holds_nobody_up() -> None:
    """An event comes at most the skew after its record was written."""
    events = [
        arrived(0, EPOCH_MS, EPOCH_MS),
        arrived(1, EPOCH_MS + 10**9, EPOCH_MS + 1_000),
        arrived(2, EPOCH_MS + 2_000, EPOCH_MS + 2_000),
    ]
    assert recorded(events, RULES, 1_000).seconds < 3_600


def test_some_shoppers_with_all_that_they_did() -> None:
    """About as many events as are asked for; of a shopper all or none."""
    events = [arrived(number, EPOCH_MS + number, EPOCH_MS + number, f"s{number % 50}") for number in range(1_000)]
    recording = recorded(events, RULES, 250)
    assert recording.each == 4
    kept = {arrival.shopper for arrival in recording.arrivals}
    assert 0 < len(kept) < 50
    assert len(recording.arrivals) == 20 * len(kept)


def test_nothing_recorded() -> None:
    """Takes no time."""
    assert recorded([], RULES, 10).seconds == 0.0
