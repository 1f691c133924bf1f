"""Recordings: files of events in the dialects that workers read, and in those of open data sets; told by content."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import orjson

from streams.errors import EventRefused, SettingInvalid
from streams.events.dialects import whole_dialect
from streams.events.event import ShopperEvent
from streams.events.formats import native, otto, rees46, retailrocket, yoochoose
from streams.events.formats.datasets import known, nearest
from streams.events.formats.rows import BadRow, header
from streams.events.opening import opened
from streams.events.recognition import recognize
from streams.events.times import EARLIEST_MS

Reader = Callable[[Iterable[bytes]], Iterator[ShopperEvent | BadRow]]

SNIFFED = 50
"""Lines that are looked at: the first may be bad ones."""

TABLES: Mapping[str, tuple[Callable[[bytes], bool], Reader]] = {
    "rees46": (rees46.is_first, rees46.read),
    "retailrocket": (retailrocket.is_first, retailrocket.read),
    "yoochoose": (yoochoose.is_first, yoochoose.read),
}
"""By name: what tells a table by its first line, and how it is read."""

OWN: Mapping[str, Reader] = {"native": native.read, "otto": otto.read}
"""Dialects whose files are read in a way of their own; the others are read as a worker reads records."""


class _Line(NamedTuple):
    """A line in the place of a record. It has no time: an event without one of its own is none."""

    value: bytes
    offset: int = 0
    timestamp: int = EARLIEST_MS
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def recording(path: Path) -> Generator[ShopperEvent | BadRow]:
    """The events of a file, read as they are asked for; SettingInvalid at once when it is none that we can read.

    It reads from disk: ask from a thread. Close it when done early.
    """
    return _read(path, _reader(dialect_of(path)))


def dialect_of(path: Path) -> str:
    """The name of a file's dialect: one of a topic's, `retailrocket` or `yoochoose`. SettingInvalid when it is none
    that we can read, with what it is, or is nearest to."""
    with opened(path) as lines:
        some = list(islice(lines, SNIFFED))
    if not some:
        raise SettingInvalid(f"{path} is empty", "name a file of events")
    for name, (is_first, _) in TABLES.items():
        if is_first(some[0]):
            return name
    for line in some:
        if line.lstrip().startswith(b"{"):
            try:
                return recognize(line)
            except EventRefused:
                continue
    raise _unknown(path, some)


def _read(path: Path, reader: Reader) -> Generator[ShopperEvent | BadRow]:
    with opened(path) as lines:
        yield from reader(lines)


def _reader(name: str) -> Reader:
    return TABLES[name][1] if name in TABLES else OWN.get(name, _as_records)


def _as_records(lines: Iterable[bytes]) -> Iterator[ShopperEvent | BadRow]:
    """The events of each line; a line as it stands that is refused, or says of no time."""
    reading = whole_dialect("auto")
    for line in lines:
        decoded = reading.decode([_Line(line)])
        events = [event for _, _, event in decoded.events]
        if decoded.refused or any(event.time_ms == EARLIEST_MS for event in events):
            yield BadRow(None, line)
        else:
            yield from events


def _unknown(path: Path, some: list[bytes]) -> SettingInvalid:
    remedy = (
        f"it should hold events as JSON lines in a dialect of docs/events.md, or begin with the header of REES46 "
        f"({rees46.HEADER.decode()}) or of RetailRocket ({','.join(retailrocket.COLUMNS)}), or with a row of YooChoose"
    )
    columns = _keys(some) or header(some[0])
    if which := known(columns):
        return SettingInvalid(f"{path} is {which.name}, which lack {which.lacks}", f"name another file: {remedy}")
    if some[0].strip() == b"{":
        return SettingInvalid(f"{path} is JSON over several lines", f"write one event a line: jq -c . {path}")
    return SettingInvalid(f"{path} holds events in no dialect that we know: {nearest(columns)}", remedy)


def _keys(some: list[bytes]) -> tuple[str, ...]:
    """The keys of the first line that is a JSON object."""
    for line in some:
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(document, dict):
            return tuple(document)
    return ()
