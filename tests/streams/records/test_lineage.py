"""Lineage: what is another log than before, and what the next number begins with."""

import pytest

from streams.records.lineage import Kind, Lineage, Log, begin, change, succeed

LINEAGE = Lineage(3, "events", 2, "id-1")


def log(*ends: int, topic: str = "events", topic_id: str | None = "id-1") -> Log:
    return Log(topic, topic_id, ends)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (log(5, 9), None),
        (log(5, 9, topic_id=None), None),
        (log(5, 9, topic="other"), Kind.OTHER),
        (log(50, 90, topic_id="id-2"), Kind.RECREATED),
        (log(5), Kind.RECREATED),
        (log(4, 9), Kind.SHORTENED),
        (log(4, 9, topic_id=None), Kind.RECREATED),
        (log(5, 9, 0), Kind.WIDENED),
        (log(4, 9, 0, topic_id="id-2"), Kind.RECREATED),
    ],
)
def test_a_log_is_the_same_or_what_has_become_of_it(found: Log, kind: Kind | None) -> None:
    """By name, then id where both are known, then what is gone, then what was added; `reached` is the past."""
    difference = change(LINEAGE, found, {0: 5, 1: 9})
    assert (difference and difference.kind) == kind


def test_what_is_told_names_the_partition_and_both_offsets() -> None:
    """An operator sees from the message why a worker stops."""
    difference = change(LINEAGE, log(5, 7, topic_id=None), {0: 5, 1: 9})
    assert difference is not None
    assert difference.description == "events was re-created or lost records: partition 1 ends at 7, it had reached 9"


def test_the_first_lineage_is_the_log_itself() -> None:
    """And nothing sets the log apart from it."""
    lineage = begin(log(5, 9), 4)
    assert lineage == Lineage(4, "events", 2, "id-1")
    assert change(lineage, log(5, 9), {}) is None


@pytest.mark.parametrize(
    ("found", "starts"),
    [
        (log(5, 9, 2), (5, 9, 2)),
        (log(5, 9), (5, 9)),
        (log(1, 1, topic_id="id-2"), ()),
        (log(1, topic="other", topic_id="id-2"), ()),
    ],
)
def test_the_next_lineage_starts_at_the_end_of_the_same_log_and_at_the_beginning_of_another(
    found: Log, starts: tuple[int, ...]
) -> None:
    """Then nothing sets the log apart any more."""
    lineage = succeed(LINEAGE, found, change(LINEAGE, found, {}), 0)
    assert (lineage.number, lineage.starts) == (4, starts)
    assert change(lineage, found, dict(enumerate(found.ends))) is None
    assert [lineage.start(number) for number in range(4)] == [*starts, *[0] * (4 - len(starts))]


def test_a_number_that_was_asked_for_is_taken_when_it_is_higher() -> None:
    """Where contexts of a higher number are there than the record knows."""
    assert succeed(LINEAGE, log(5, 9), None, 9).number == 9
    assert succeed(LINEAGE, log(5, 9), None, 2).number == 4
