"""Recordings: files of real events, in the dialects that we read."""

import gzip
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from streams.errors import SettingInvalid
from streams.events.event import ShopperEvent
from streams.events.formats import native, otto, rees46
from streams.events.formats.rows import BadRow, lines

Reader = Callable[[Iterable[bytes]], Iterator[ShopperEvent | BadRow]]


def recording(path: Path) -> Generator[ShopperEvent | BadRow]:
    """The events of a file, read as they are asked for; SettingInvalid at once when it is none that we can read.

    It reads from disk: ask from a thread. Close it when done early.
    """
    return _read(path, _dialect(path))


def dialect_of(path: Path) -> str:
    """The name of a file's dialect: rees46, otto or native. SettingInvalid when it is none that we can read."""
    return _dialect(path).__module__.rpartition(".")[2]


def _read(path: Path, reader: Reader) -> Generator[ShopperEvent | BadRow]:
    with _opened(path) as file:
        yield from reader(lines(file))


def _dialect(path: Path) -> Reader:
    """Tell the dialect by the first line, and OTTO's by the name too: its first line may be a bad one."""
    with _opened(path) as file:
        first = next(lines(file), b"")
    if rees46.is_header(first):
        return rees46.read
    if native.is_native(first):
        return native.read
    if first.startswith(b'{"session"') or ".jsonl" in path.suffixes:
        return otto.read
    remedy = (
        f"it should begin with REES46's header ({rees46.HEADER.decode()}), or hold OTTO's sessions or native events as "
        "JSON lines"
    )
    raise SettingInvalid(f"{path} holds events in no dialect that we know", remedy)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, unpacked if it is packed; what goes wrong with it becomes SettingInvalid."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield cast("BinaryIO", file)
    except (OSError, EOFError, zlib.error) as exc:
        raise SettingInvalid(f"{path} cannot be read: {exc}", "name a readable file of events") from exc
