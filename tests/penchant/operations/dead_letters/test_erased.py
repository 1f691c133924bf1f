"""Letters from before an erasure stay where they are; later ones are the shopper's anew."""

import pytest

from penchant.operations.dead_letters.erased import erased
from streams.records.dead_letters import DeadLetter
from streams.records.erasures import Erasure

ERASURE = Erasure("ada", 1_000, 0, (50, 60))


@pytest.mark.parametrize(
    ("topic", "partition", "offset", "time_ms", "refused_ms", "gone"),
    [
        ("events", 0, 49, 2_000, 2_000, True),  # before the end, whatever its time says
        ("events", 0, 50, 2_000, 2_000, False),
        ("events", 1, 99, 1_000, 2_000, True),  # written before, by its own time
        ("clicks", 0, 10, 2_000, 2_000, False),  # offsets of another topic say nothing
        ("clicks", 0, 10, 900, 2_000, True),
        ("events", 0, 50, None, 1_000, True),  # an older letter, without the record's time
        ("events", 0, 50, None, 1_001, False),
    ],
)
def test_in_doubt_it_is_erased(
    topic: str, partition: int, offset: int, time_ms: int | None, refused_ms: int, *, gone: bool
) -> None:
    """By offset where that can be told, and by time."""
    letter = DeadLetter(topic, partition, offset, b"ada", b"{}", "schema", timestamp_ms=time_ms)
    assert erased(letter, refused_ms, ERASURE, "events") is gone
    assert not erased(letter, refused_ms, None, "events")
