"""Load: valid events, the same each time."""

from collections import Counter
from itertools import islice

from benchmarks.load import Load
from streams.events.closely import EVENT
from streams.events.decoding import encode

LOAD = Load(events=2_000, shoppers=50, until_ms=1_800_000_000_000)


def test_every_record_is_an_event_under_its_shoppers_key() -> None:
    """They are written by hand for speed, and are what the codec would write."""
    for record in LOAD.records():
        event = EVENT.validate_json(record.value)
        assert encode(event) == record.value
        assert record.key == event.shopper_id.encode()
        assert record.time_ms == event.time_ms


def test_the_same_seed_makes_the_same_events() -> None:
    """Every system of a round gets the same."""
    assert list(LOAD.records()) == list(LOAD.records())
    assert list(LOAD.records()) != list(Load(2_000, 50, 2, until_ms=LOAD.until_ms).records())


def test_time_runs_up_to_the_end_at_the_shoppers_pace() -> None:
    """Fifty shoppers who act every 15 s make an event every 0.3 s."""
    times = [record.time_ms for record in LOAD.records()]
    assert times == sorted(times)
    assert times[-1] == LOAD.until_ms
    assert times[-1] - times[0] == 1_999 * 300


def test_in_turns_everybody_comes_once() -> None:
    """As many events as shoppers, and event ids that a later load does not use again."""
    first = Load(50, 50, in_turns=True, until_ms=LOAD.until_ms)
    assert Counter(record.key for record in first.records()).most_common(1)[0][1] == 1
    later = Load(50, 50, first=50, until_ms=LOAD.until_ms)
    ids = {EVENT.validate_json(record.value).event_id for load in (first, later) for record in load.records()}
    assert len(ids) == 100


def test_a_load_without_an_end_is_made_as_it_is_asked_for() -> None:
    """A steady load may be longer than anybody waits for."""
    assert len(list(islice(Load(10**12, 10).records(), 3))) == 3
