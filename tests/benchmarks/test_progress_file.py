"""Tape: what is counted of workers that were killed."""

from pathlib import Path

from benchmarks.progress_file import Asked, ProgressFile, ProgressReader, State, read_again, repeated
from clients.calls import Call


def _call(shopper: str, offset: int) -> Call:
    return Call(id=f"3-{offset}-host-1-2:7", prompt="", deadline_s=0.0, max_tokens=1, shopper=shopper)


def _taped(path: Path, *calls: tuple[str, int], answered: int = 0) -> ProgressReader:
    progress_file = ProgressFile(path)
    for call in calls:
        progress_file.began(_call(*call))
    for call in calls[:answered]:
        progress_file.ended(_call(*call))
    return ProgressReader(path).look()


def test_calls_in_flight_are_those_without_an_answer(tmp_path: Path) -> None:
    """A call is known by shopper and offset."""
    played = _taped(tmp_path / "one", ("ada", 4), ("bob", 5), ("ada", 9), answered=1)
    assert played.in_flight() == {Asked("bob", 5), Asked("ada", 9)}


def test_a_call_is_repeated_when_nothing_new_was_asked(tmp_path: Path) -> None:
    """The same shopper at a later offset is another question."""
    first = _taped(tmp_path / "one", ("ada", 4), ("bob", 5))
    second = _taped(tmp_path / "two", ("ada", 4), ("ada", 6), ("bob", 8))
    assert repeated([first], second) == 1
    assert repeated([first, second], _taped(tmp_path / "three", ("bob", 5), ("bob", 8))) == 2


def test_records_are_read_again_from_the_committed_offset() -> None:
    """By partition; what was never received is not read again, and without a commit all is."""
    assert read_again({0: 10, 1: 20, 2: 5}, {0: 4, 1: 20, 3: 7}) == 6 + 0 + 5


def test_what_is_half_written_is_read_later(tmp_path: Path) -> None:
    """A tape is read while it is written, and may end anywhere."""
    path = tmp_path / "tape"
    progress_file = ProgressFile(path)
    progress_file.state({0: 3}, 2, 0)
    progress_file.state({0: 7}, 1, 5)
    written = path.read_bytes()
    path.write_bytes(written[:-10])
    progress = ProgressReader(path).look()
    assert [state.received for state in progress.states] == [{0: 3}]
    path.write_bytes(written)
    progress.look()
    assert [(state.received, state.uncovered, state.intents) for state in progress.states] == [
        ({0: 3}, 2, 0),
        ({0: 7}, 1, 5),
    ]


def test_a_tape_that_is_not_there_yet_says_nothing(tmp_path: Path) -> None:
    """A worker that has not begun."""
    progress = ProgressReader(tmp_path / "none").look()
    assert progress.since(lambda _: True) is None


def test_since_when_something_is_true(tmp_path: Path) -> None:
    """The first state counts, not the latest."""
    progress = ProgressReader(tmp_path / "none")
    progress.states += [State(1.0, {}, 0, 0), State(2.0, {}, 0, 1), State(3.0, {}, 0, 2)]
    assert progress.since(lambda state: state.intents > 0) == 2.0
