"""Opening: the lines of a file, whatever it is packed with and in whichever encoding; told by content, not by name."""

import bz2
import codecs
import gzip
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from streams.errors import EventRefused, SettingInvalid
from streams.events.formats.rows import lines
from streams.events.signatures import plain, signature

LONGEST_LIST = 256 * 1024 * 1024
"""Bytes of a file that is one list of JSON at the most: it is read whole."""

READABLE = "name a readable file of events"
OTHERWISE = "write its events as JSON lines or CSV, in UTF-8; it may be packed with gzip, bzip2, xz or zip"

_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, UnicodeError, NotImplementedError)


@contextmanager
def opened(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a file, or the elements of one that is a list of JSON, a line each; SettingInvalid, which names what
    it is, for one that cannot be read, here or while it is read."""
    try:
        with ExitStack() as stack:
            file = _unpacked(path, stack)
            yield _elements(path, file) if _peek(file).lstrip()[:1] == b"[" else lines(_in_utf8(file))
    except _DAMAGED as exc:
        raise SettingInvalid(f"{path} cannot be read: {exc}", READABLE) from exc


def _unpacked(path: Path, stack: ExitStack) -> BinaryIO:
    file: Any = stack.enter_context(path.open("rb"))
    begin = _peek(file)
    if begin.startswith(b"\x1f\x8b"):
        return cast("BinaryIO", stack.enter_context(gzip.open(file)))
    if begin.startswith(b"BZh"):
        return cast("BinaryIO", stack.enter_context(bz2.open(file)))
    if begin.startswith(b"\xfd7zXZ\0"):
        return cast("BinaryIO", stack.enter_context(lzma.open(file)))
    if begin.startswith(b"PK\x03\x04"):
        return _of_zip(path, stack)
    if words := signature(begin):
        raise SettingInvalid(f"{path} {words}", OTHERWISE)
    return cast("BinaryIO", file)


def _of_zip(path: Path, stack: ExitStack) -> BinaryIO:
    """The one file within."""
    archive = stack.enter_context(zipfile.ZipFile(path))
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if "[Content_Types].xml" in names:
        raise SettingInvalid(f"{path} is a workbook of Excel", "save the sheet as CSV in UTF-8")
    if len(names) != 1:
        within = f" ({', '.join(names[:5])}{' …' if len(names) > 5 else ''})" if names else ""
        raise SettingInvalid(f"{path} is a zip file with {len(names)} files{within}", "unpack it, and name one of them")
    if archive.getinfo(names[0]).flag_bits & 1:
        raise SettingInvalid(f"{path} is a zip file with a password", "unpack it, and name the file")
    return cast("BinaryIO", stack.enter_context(archive.open(names[0])))


def _peek(file: Any) -> bytes:
    return bytes(file.peek(64)[:64])


def _in_utf8(file: BinaryIO) -> BinaryIO:
    """The file behind its byte order mark, made UTF-8 where it is UTF-16 or UTF-32."""
    encoding = json.detect_encoding(_peek(file)[:4])
    if encoding == "utf-8-sig":
        file.read(len(codecs.BOM_UTF8))
    if encoding.startswith("utf-8"):
        return file
    return cast("BinaryIO", codecs.EncodedFile(file, "utf-8", encoding))


def _elements(path: Path, file: BinaryIO) -> Iterator[bytes]:
    data = file.read(LONGEST_LIST + 1)
    if len(data) > LONGEST_LIST:
        remedy = f"write one event a line: jq -c '.[]' {path} > events.jsonl"
        raise SettingInvalid(f"{path} is one list of over {LONGEST_LIST >> 20} MiB", remedy)
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        document = _thoroughly(path, data)
    return iter([orjson.dumps(each) for each in document])


def _thoroughly(path: Path, data: bytes) -> list[Any]:
    try:
        document: list[Any] = orjson.loads(plain(data))
    except EventRefused as exc:
        raise SettingInvalid(f"{path} begins like a list of JSON, but {exc.detail}", OTHERWISE) from exc
    return document
