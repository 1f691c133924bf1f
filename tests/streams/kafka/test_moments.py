"""Moments: how people say where a replay begins."""

import pytest

from streams.errors import SettingInvalid
from streams.kafka.moments import Moment, moment


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("earliest", Moment(offset=0)),
        ("latest", Moment()),
        ("@1500", Moment(offset=1_500)),
        ("90s", Moment(time_ms=10_000)),
        ("1.5m", Moment(time_ms=10_000)),
        ("1970-01-01T00:01", Moment(time_ms=60_000)),
        ("1970-01-01T01:01+01:00", Moment(time_ms=60_000)),
        ("1d", Moment(time_ms=0)),
        ("1969-12-31T23:59:59", Moment(time_ms=0)),
    ],
)
def test_each_way_is_understood(text: str, found: Moment) -> None:
    """Ends of the log, offsets, so long ago, and a time, which is UTC unless it says otherwise."""
    assert moment(text, now_ms=100_000) == found


@pytest.mark.parametrize("text", ["", "yesterday", "@", "@-3", "@²", "5y", "h", "9" * 400 + "d", "٣h"])
def test_anything_else_is_refused_with_the_ways(text: str) -> None:
    """The message shows what would be understood."""
    with pytest.raises(SettingInvalid, match=r"(?s)is no moment.+earliest, latest, 2h"):
        moment(text, now_ms=0)
