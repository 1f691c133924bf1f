"""Rows: what the readers of event files have in common. Pure: they read from whatever yields lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

LONGEST = 524_288
"""Bytes of a line at most, so that a bad one still fits into a Kafka message (1 MiB by default)."""


MARK = b"\xef\xbb\xbf"
"""The byte order mark, which some programs write before what is in UTF-8."""

SIGNS = (b",", b";", b"\t", b"|")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no event. It is passed on as it stands, so that the pipeline refuses it and it is counted there."""

    key: bytes | None
    value: bytes


def lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file without their ends, and without blank ones. What a line has beyond `LONGEST` is dropped."""
    while line := file.readline(LONGEST):
        rest = line
        while len(rest) == LONGEST and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST)
        if line := line.rstrip(b"\r\n"):
            yield line


def header(line: bytes) -> tuple[str, ...]:
    """The columns that a table's first line names, in lower case, whatever quotes and signs stand between them."""
    sign = max(SIGNS, key=line.count)
    names = line.removeprefix(MARK).decode(errors="replace").split(sign.decode())
    return tuple(name.strip(" \"'\r\n").lower() for name in names)
