"""Rows: what counts as a line of an event file."""

from io import BytesIO

from streams.events.formats.rows import LONGEST, lines


def test_lines_lose_their_ends_and_blank_ones_are_none() -> None:
    """Either kind of line end, and a last line without one."""
    assert list(lines(BytesIO(b"one\r\n\n  two\n\r\nthree"))) == [b"one", b"  two", b"three"]


def test_a_line_too_long_is_cut_and_the_next_is_whole() -> None:
    """A bad line must fit into memory and into a Kafka message."""
    file = BytesIO(b"x" * (3 * LONGEST) + b"\nnext\n" + b"y" * (LONGEST - 1) + b"\nlast")
    assert list(lines(file)) == [b"x" * LONGEST, b"next", b"y" * (LONGEST - 1), b"last"]
