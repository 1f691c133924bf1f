"""Slices: what ingest takes in without a turn of the event loop."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from agents.worker.ingest import SliceRules

RULES = SliceRules(records=5, size_bytes=100)


@dataclass(frozen=True)
class Record:
    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = 0
    headers: tuple[tuple[str, bytes | None], ...] = ()


@given(st.lists(st.none() | st.integers(0, 150), max_size=40), st.integers(0, 45))
def test_a_slice_is_bounded_in_records_and_bytes(sizes: list[int | None], done: int) -> None:
    """All records from an offset on, in their order; one that is larger than a slice goes alone."""
    records = [Record(offset, None if size is None else bytes(size)) for offset, size in enumerate(sizes)]
    slices = list(RULES.cut(records, done))
    assert [record for each in slices for record in each] == records[done:]
    for each in slices:
        assert 1 <= len(each) <= RULES.records
        assert len(each) == 1 or sum(len(record.value or b"") for record in each) <= RULES.size_bytes
