"""Which letters go back, by their records' own times, and those of their twins."""

from collections.abc import Iterable
from dataclasses import asdict, replace

import pytest

from penchant.operations.dead_letters.judge import Judge, Outcome, RedrivePlan
from penchant.operations.dead_letters.topic import LetterPosition, StoredLetter
from streams.events.decoding import encode
from streams.events.dialects import dialect
from streams.events.event import ShopperEvent
from streams.records.dead_letters import DeadLetter

OLDEST_MS = 1_700_000_000_000
VALUE = encode(ShopperEvent("e1", "ada", "view", OLDEST_MS))
YOUNG = DeadLetter("events", 0, 7, b"ada", VALUE, "schema", "", "", OLDEST_MS)
OLD = replace(YOUNG, timestamp_ms=OLDEST_MS - 1)
TIMELESS = replace(YOUNG, timestamp_ms=None)


def judged(*letters: tuple[DeadLetter, bool]) -> tuple[list[tuple[int, bool]], Outcome]:
    """The offsets that are marked, each with whether its record is sent; letters come with whether they went back."""
    judge = Judge(RedrivePlan("events", dialect("native", keyed=True)), {}, "events", OLDEST_MS, Outcome(), set())
    found = [
        StoredLetter(LetterPosition(0, at), letter, went, OLDEST_MS + 5) for at, (letter, went) in enumerate(letters)
    ]
    return [(offset, letter is not None) for offset, letter in judge.good(found)], judge.outcome


@pytest.mark.parametrize(
    ("letters", "goes", "counted"),
    [
        ([(YOUNG, False)], [(0, True)], {}),
        ([(OLD, False)], [], {"expired": 1}),
        ([(TIMELESS, False)], [(0, True)], {}),
        ([(YOUNG, False), (YOUNG, False)], [(0, True), (1, False)], {"already": 1}),
        ([(OLD, False), (OLD, False)], [], {"expired": 2}),
        ([(OLD, True), (OLD, False)], [(1, False)], {"already": 2}),
    ],
)
def test_old_letters_stay(
    letters: Iterable[tuple[DeadLetter, bool]], goes: list[tuple[int, bool]], counted: dict[str, int]
) -> None:
    """All of them; but one whose record went back by another letter is marked, however old."""
    marked, outcome = judged(*letters)
    assert marked == goes
    assert {name: count for name, count in asdict(outcome).items() if count and name != "letters"} == (
        counted | {"retention_known": True}
    )
