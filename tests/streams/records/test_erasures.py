"""Erasures: what counts for nothing, and how that is written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import EventRefused
from streams.records.erasures import Erasure, next_number

numbers = st.integers(0, 10**13)
erasures = st.builds(
    Erasure,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    numbers,
    st.integers(0, 9),
    st.lists(numbers, max_size=5).map(tuple),
)


@given(erasures)
def test_it_reads_back_what_it_wrote(erasure: Erasure) -> None:
    """Whoever the shopper is."""
    assert Erasure.load(erasure.shopper.encode(), erasure.dump()) == erasure


@pytest.mark.parametrize("value", [None, b"", b"{}", b"[]", b'{"number":1,"lineage":0,"ends":"a"}', b"\xff"])
def test_what_is_no_erasure_is_refused(value: bytes | None) -> None:
    """Never another exception, and never a shopper half forgotten."""
    with pytest.raises(EventRefused, match="no erasure"):
        Erasure.load(b"ada", value)


def test_what_stood_before_the_request_counts_for_nothing() -> None:
    """In each partition up to its end; later events count, and so do those of partitions that were added since."""
    erasure = Erasure("ada", 1_000, 3, (5, 9))
    assert [erasure.covers(3, 0, offset, 2_000) for offset in (4, 5)] == [True, False]
    assert [erasure.covers(3, 1, offset, 2_000) for offset in (8, 9)] == [True, False]
    assert not erasure.covers(3, 2, 0, 2_000)


def test_what_came_late_to_the_log_tells_by_its_own_time() -> None:
    """A rekey that was behind writes what was done before the erasure to places behind its ends. Without a time the
    place decides."""
    erasure = Erasure("ada", 1_000, 3, (5, 9))
    assert [erasure.covers(3, 0, 99, time_ms) for time_ms in (999, 1_000, 1_001)] == [True, True, False]
    assert [erasure.covers(3, 0, offset, -1) for offset in (4, 5)] == [True, False]


@given(erasures, st.integers(0, 9), st.integers(0, 20), st.integers(0, 20), st.integers(-1, 10**13))
def test_of_who_opted_out_nothing_counts(
    erasure: Erasure, lineage: int, partition: int, offset: int, time_ms: int
) -> None:
    """Wherever and whenever it is."""
    assert erasure._replace(opted_out=True).covers(lineage, partition, offset, time_ms)


@given(st.integers(0, 10**13), st.lists(st.integers(1, 10**13)))
def test_numbers_only_grow(clock_ms: int, earlier: list[int]) -> None:
    """Also by a clock that is behind."""
    number = next_number(clock_ms, earlier)
    assert number >= clock_ms
    assert all(number > each for each in earlier)


def test_in_another_log_the_records_own_time_decides() -> None:
    """A topic that was made again, or rekeyed, has the old events at other offsets."""
    erasure = Erasure("ada", 1_000, 3, (5, 9))
    assert [erasure.covers(4, 0, 99, time_ms) for time_ms in (1_000, 1_001)] == [True, False]
