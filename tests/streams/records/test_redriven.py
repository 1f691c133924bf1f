"""Markers of what has gone back: exact, whatever their order and their gaps."""

from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.records.redriven import HEADER, Redriven, marked, marker


@settings(deadline=None)
@given(st.lists(st.sets(st.integers(0, 200), min_size=1), max_size=8))
def test_what_markers_name_is_known_and_nothing_else(batches: list[set[int]]) -> None:
    """After any number of markers, read back from their headers, exactly the named offsets are redriven."""
    redriven = Redriven()
    for batch in batches:
        ranges = marked(SimpleNamespace(headers=marker(sorted(batch))))
        assert ranges is not None
        redriven.add(ranges)
    named = set().union(*batches)
    assert {offset for offset in range(-1, 203) if offset in redriven} == named


def test_neighbours_become_one_range() -> None:
    """A marker stays short where letters go back in a row."""
    assert marker([3, 4, 5, 6, 7, 9]) == [(HEADER, b"3-7,9")]


def test_other_records_are_no_markers() -> None:
    """And a marker that cannot be read names nothing."""
    assert marked(SimpleNamespace(headers=[("penchant-reason", b"json")])) is None
    assert marked(SimpleNamespace(headers=[(HEADER, b"three")])) == []
