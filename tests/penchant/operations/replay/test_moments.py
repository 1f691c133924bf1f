"""Moments: how people say where a replay begins."""

import pytest

from penchant.operations.replay.moments import Moment, moment
from streams.errors import SettingInvalid


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("earliest", Moment()),
        ("latest", Moment()),
        ("@1500", Moment(offset=1_500)),
        ("90s", Moment(time_ms=10_000)),
        ("1.5m", Moment(time_ms=10_000)),
        ("1970-01-01T00:01", Moment(time_ms=60_000)),
        ("1970-01-01T01:01+01:00", Moment(time_ms=60_000)),
    ],
)
def test_each_way_is_understood(text: str, found: Moment) -> None:
    """Ends of the log, offsets, so long ago, and a time, which is UTC unless it says otherwise."""
    assert moment(text, now_ms=100_000) == found


@pytest.mark.parametrize("text", ["", "yesterday", "@", "@-3", "5y", "h"])
def test_anything_else_is_refused_with_the_ways(text: str) -> None:
    """The message shows what would be understood."""
    with pytest.raises(SettingInvalid, match=r"(?s)is no moment.+earliest, latest, 2h"):
        moment(text, now_ms=0)
