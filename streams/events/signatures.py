"""Signatures: records that are JSON in another dress, read all the same, and others, named for what they are. Pure.

Only records that could not be read come here, so that the look may be slow and thorough.
"""

import json
import re

from streams.errors import EventRefused
from streams.events.placeholders import LOST

_KNOWN = (
    (b"\x1f\x8b", "is packed with gzip"),
    (b"PK\x03\x04", "is a zip file"),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd"),
    (b"BZh", "is packed with bzip2"),
    (b"\xfd7zXZ\0", "is packed with xz"),
    (b"\x04\x22\x4d\x18", "is packed with lz4"),
    (b"\xff\x06\0\0sNaPpY", "is packed with snappy"),
    (b"\x82SNAPPY\0", "is packed with snappy"),
    (b"PAR1", "is a Parquet file"),
    (b"ORC", "is an ORC file"),
    (b"Obj\x01", "is an Avro file"),
    (b"SQLite format 3\0", "is an SQLite database"),
    (b"%PDF", "is a PDF"),
    (b"<", "is HTML or XML"),
)
UNPACKED = "send JSON, and let Kafka pack it (compression.type)"
REGISTRY_BYTES = 5
"""A schema registry's header: a zero and the schema's number in four bytes."""


def signature(value: bytes) -> str | None:
    """What a value is by its first bytes, in words; None when they give nothing away."""
    return next((words for known, words in _KNOWN if value.startswith(known)), None)


def plain(value: bytes) -> bytes:
    """The same JSON in UTF-8, without a mark before it, zeros behind it, NaN or halves of characters in it.

    EventRefused, which names what the value is, where there is no JSON in it. UTF-16 and UTF-32 are told by their marks
    or zeros. Half a character becomes a replacement character.
    """
    if words := signature(value):
        raise EventRefused("json", detail=f"{words}: {UNPACKED}")
    try:
        text = value.decode(json.detect_encoding(value), "surrogatepass").lstrip("\ufeff \t\r\n")
        document, end = _DECODER.raw_decode(text)
        if text[end:].strip("\0 \t\r\n"):
            raise EventRefused("json", detail="is JSON with something behind it")
        again = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return _HALF.sub(LOST, again).encode()
    except (ValueError, RecursionError) as exc:
        raise EventRefused("json", detail=_named(value)) from exc


_HALF = re.compile("[\ud800-\udfff]")

LONGEST_NUMBER = 308
"""Digits of a whole number that a double holds at least."""


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > LONGEST_NUMBER:
        raise EventRefused("json", detail="has a number that is too large")
    return int(digits)


_DECODER = json.JSONDecoder(parse_constant=lambda _: None, parse_int=_whole)


def _named(value: bytes) -> str:
    if value[:1] == b"\0" and len(value) > REGISTRY_BYTES:
        within = "JSON" if value[REGISTRY_BYTES:].lstrip()[:1] in (b"{", b"[") else "Avro or Protobuf, as it seems,"
        return f"is {within} behind a schema registry's header (a zero and four bytes): send JSON without a schema id"
    try:
        value.decode()
    except UnicodeDecodeError:
        return "is no JSON, or not in UTF-8"
    return "is no JSON"
