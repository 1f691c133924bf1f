"""Times: a wrong unit is refused by its name, and nothing is folded into 1970 or the far future."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.dialects import DIALECTS, DialectName
from streams.events.times import EARLIEST_MS, LATEST_MS
from tests.streams.dialect_records import AT_MS, ENVELOPE, REQUEST, SEGMENT, Sent, decode
from tests.streams.events.test_placeholders import NATIVE, ROW, SNOWPLOW

UNITS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1, "nanoseconds": 1 / 1_000}
"""Microseconds of one."""

ADA = NATIVE | {"shopper_id": "ada"}
NUMBERS: tuple[tuple[DialectName, str, Callable[[object], dict[str, Any]]], ...] = (
    ("native", "milliseconds", lambda number: ADA | {"time_ms": number}),
    ("otto", "milliseconds", lambda number: {"session": 1, "events": [{"aid": 1, "ts": number, "type": "clicks"}]}),
    ("ga4", "microseconds", lambda number: REQUEST | {"timestamp_micros": number}),
    ("ga4", "microseconds", lambda number: ROW | {"event_timestamp": number, "user_pseudo_id": "u"}),
    ("ga4", "microseconds", lambda number: REQUEST | {"events": [{"name": "search", "timestamp_micros": number}]}),
)
"""Fields whose unit is known by their name, and a record with a number there."""

moments = st.integers(EARLIEST_MS + 1_000, LATEST_MS - 1_000)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(("name", "wanted", "record"), NUMBERS)
@given(moment_ms=moments)
def test_a_number_in_another_unit_is_refused_and_named(
    name: DialectName, wanted: str, record: Callable[[object], dict[str, Any]], unit: str, moment_ms: int
) -> None:
    """Of any day of this century, in the dialect and where it is found out; in the right unit it is read."""
    number = int(moment_ms * 1_000 / UNITS[unit])
    for dialect in (name, "auto"):
        decoded = decode(dialect, record(number))
        if unit == wanted:
            [(_, _, event)] = decoded.events
            assert event.time_ms == moment_ms
        else:
            [refused] = decoded.refused
            assert (refused.reason, f"looks like {unit}" in refused.detail) == ("unit", True)


@pytest.mark.parametrize(("name", "wanted", "record"), NUMBERS)
@given(number=st.integers(-(2**63), 10**9 - 10**8) | st.integers(10**19, 2**63 * 4) | st.sampled_from((0, -1, 1)))
def test_no_number_is_folded_into_another_century(
    name: DialectName, wanted: str, record: Callable[[object], dict[str, Any]], number: int
) -> None:
    """Zero, less than nothing, and figures with too many digits are refused, with the unit that is wanted."""
    if -(2**63) <= number < 2**64:
        [refused] = decode(name, orjson.dumps(record(number))).refused
        assert (refused.reason, wanted in refused.detail) == ("unit", True)


@pytest.mark.parametrize("text", ["1970-01-21T00:00:00Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
                                  "9999-12-31T23:59:59Z", "2150-01-01T00:00:00Z"])  # fmt: skip
@pytest.mark.parametrize(
    ("name", "record", "field"),
    [
        ("segment", SEGMENT, "timestamp"),
        ("segment", SEGMENT, "originalTimestamp"),
        ("snowplow", SNOWPLOW | {"domain_userid": "u"}, "derived_tstamp"),
        ("cloudevents", ENVELOPE | {"data": ADA}, "time"),
    ],
)
def test_a_date_out_of_this_century_is_refused(
    name: DialectName, record: dict[str, Any], field: str, text: str
) -> None:
    """It was made of a wrong unit by somebody else, or of nothing. A number where a date is meant is refused as well,
    whatever its unit, and no text is the same as no field."""
    [refused] = decode(name, record | {field: text}).refused
    assert refused.reason == "unit"
    for number in (AT_MS, AT_MS // 1_000, float(AT_MS)):
        [refused] = decode(name, record | {field: number}).refused
        assert refused.reason == "unit"
    assert decode(name, record | {field: ""}).events


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("timestamp", [-1, 0, 1, AT_MS // 1_000, AT_MS * 1_000, LATEST_MS + 1])
def test_a_record_without_a_timestamp_of_its_own_is_refused(name: DialectName, timestamp: int) -> None:
    """Its events' times are held against it: later ones would be cut to it."""
    for value in (orjson.dumps(ADA), b"{"):
        [refused] = decode(name, value, timestamp=timestamp).refused
        assert (refused.reason, "Kafka record" in refused.path) == ("unit", True)
    assert "LogAppendTime" in decode(name, ADA, timestamp=-1).refused[0].detail


@pytest.mark.parametrize("time", ["yesterday", None, True, [AT_MS]])
def test_what_is_no_number_of_milliseconds_is_refused(time: object) -> None:
    """By the field's name."""
    [refused] = decode("native", ADA | {"time_ms": time}).refused
    assert refused.path == "time_ms"


def test_times_as_text_are_numbers() -> None:
    """Many producers write large numbers so."""
    [(_, _, event)] = decode("native", ADA | {"time_ms": str(AT_MS)}).events
    assert event.time_ms == AT_MS
    assert Sent(0, b"").timestamp == AT_MS


@given(moments, st.floats(0, 1, exclude_max=True))
def test_a_fraction_of_a_millisecond_is_left_out(moment_ms: int, fraction: float) -> None:
    """As browsers tell it: performance.timeOrigin + performance.now()."""
    for told in (moment_ms + fraction, str(moment_ms + fraction)):
        [(_, _, event)] = decode("native", ADA | {"time_ms": told}).events
        assert event.time_ms == int(moment_ms + fraction)
