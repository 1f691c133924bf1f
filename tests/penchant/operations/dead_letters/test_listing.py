"""Letters counted by reason."""

from penchant.operations.dead_letters.listing import FOREIGN, Listing
from penchant.operations.dead_letters.topic import LetterPosition, StoredLetter
from streams.records.dead_letters import DeadLetter


def stored_letter(offset: int, time_ms: int, reason: str | None = "json", *, redriven: bool = False) -> StoredLetter:
    letter = DeadLetter("t", 0, offset, None, b"Ada", reason, timestamp_ms=1) if reason else None
    return StoredLetter(LetterPosition(0, offset), letter, redriven, time_ms)


def test_the_example_is_the_latest_that_waits() -> None:
    """And first and last are by time, whatever the order in which partitions come."""
    listing = Listing()
    listing.add([stored_letter(3, 300), stored_letter(9, 900, redriven=True)])
    listing.add(
        [stored_letter(1, 100), stored_letter(5, 500), stored_letter(2, 200, "schema"), stored_letter(4, 400, None)]
    )
    json, foreign, schema = listing.kinds
    assert (json.letters, json.waiting, json.first, json.last) == (4, 3, "0-1", "0-9")
    assert json.example is not None
    assert (json.example.place, json.example.value) == ("0-5", "xxx")
    assert (schema.letters, schema.waiting) == (1, 1)
    assert (foreign.reason, foreign.letters, foreign.waiting, foreign.example) == (FOREIGN, 1, 0, None)
