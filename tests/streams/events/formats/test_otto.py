"""OTTO: sessions become one stream of events in the order of their times."""

from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.event import Item, ShopperEvent
from streams.events.formats import otto, rows
from streams.events.formats.rows import BadRow

AT_MS = 1_700_000_000_000
SAMPLE = Path(__file__).parents[3] / "data" / "otto_sessions.jsonl"


def _line(session: int, *times_ms: int) -> bytes:
    return orjson.dumps(
        {"session": session, "events": [{"aid": 7, "ts": AT_MS + ms, "type": "clicks"} for ms in times_ms]}
    )


def _read(*lines: bytes, open_sessions: int = 100) -> list[tuple[str, int]]:
    return [
        (event.shopper_id, event.time_ms - AT_MS)
        for event in otto.read(lines, open_sessions)
        if isinstance(event, ShopperEvent)
    ]


def test_the_real_sample() -> None:
    """Every event of its 20 sessions, in the order of time."""
    with SAMPLE.open("rb") as file:
        events = [event for event in otto.read(rows.lines(file)) if isinstance(event, ShopperEvent)]
    assert len(events) == len({event.event_id for event in events}) == 862
    assert len({event.shopper_id for event in events}) == 20
    assert events == sorted(events, key=lambda event: event.time_ms)
    assert {event.action for event in events} == {"click", "cart_add", "purchase"}


def test_an_entry_is_an_event() -> None:
    """There are ids only, and a session is a shopper."""
    (event,) = otto.read([b'{"session":3,"events":[{"aid":59625,"ts":1661724000278,"type":"orders"}]}'])
    assert isinstance(event, ShopperEvent)
    assert (event.shopper_id, event.action, event.time_ms) == ("3", "purchase", 1_661_724_000_278)
    assert event.items == (Item(id="59625"),)


def test_equal_entries_are_the_same_event_and_others_are_not() -> None:
    """Exact duplicates are recognised by their id."""
    events = [event for event in otto.read([_line(1, 5, 5, 6), _line(2, 6)]) if isinstance(event, ShopperEvent)]
    assert events[0].event_id == events[1].event_id
    assert len({event.event_id for event in events}) == 3


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=6).map(sorted), max_size=8).map(sorted))
def test_sessions_are_merged_by_time(sessions: Sequence[Sequence[int]]) -> None:
    """Sessions that stand in the order of their first events come out as one stream in the order of time."""
    merged = _read(*(_line(number, *times) for number, times in enumerate(sessions, 1)))
    assert [time for _, time in merged] == sorted(time for times in sessions for time in times)
    for number, times in enumerate(sessions, 1):
        assert [time for shopper, time in merged if shopper == str(number)] == list(times)


def test_sessions_under_way_are_bounded() -> None:
    """Beyond the bound the earliest goes on first, and nothing is lost."""
    assert _read(_line(1, 10, 40), _line(2, 20, 50), open_sessions=1) == [("1", 10), ("1", 40), ("2", 20), ("2", 50)]


@pytest.mark.parametrize(
    "line", [b"garbage", b"[1]", b"{}", b'{"session":1}', b'{"session":1,"events":[]}', b'{"session":"x","events":[1]}',
             b'{"session":1,"events":{"a":1}}']
)  # fmt: skip
def test_bad_lines_stay_as_they_are(line: bytes) -> None:
    """A line that is no session is one bad row, and the line after it is read."""
    read = list(otto.read([line, _line(1, 5)]))
    assert read[0] == BadRow(None, line)
    assert len(read) == 2


@pytest.mark.parametrize(
    "change", [{"type": "dance"}, {"ts": -1}, {"ts": None}, {"aid": None}, {"aid": "x y"}, {"aid": 1.5}]
)
def test_bad_entries_stay_as_they_are_and_the_session_goes_on(change: dict[str, object]) -> None:
    """One bad entry is one bad row, keyed by its session, in its place."""
    entry = {"aid": 7, "ts": AT_MS + 5, "type": "clicks"} | change
    good = {"aid": 7, "ts": AT_MS + 5, "type": "clicks"}
    first, second, third = otto.read([orjson.dumps({"session": 3, "events": [good, entry, good]})])
    assert isinstance(first, ShopperEvent)
    assert second == BadRow(b"3", orjson.dumps(entry))
    assert isinstance(third, ShopperEvent)
