"""Masking: the shape of a refused record, without what it says. Pure.

Each letter becomes x and each digit 9; the rest stays, and so do the names of JSON fields: enough to see a text where a
number belongs, a missing field, or another dialect, and nothing about anybody.
"""

import re
from typing import Any

import orjson

LONGEST = 400
"""Characters shown of a value."""

_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$:-]{0,39}")


def masked(value: bytes | None) -> str:
    """A value or a key; what is cut off is counted."""
    if value is None:
        return "(none)"
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return shortened(mask(value.decode(errors="replace")))
    return shortened(orjson.dumps(_masked(document)).decode())


def plain(value: bytes | None) -> str:
    """The value as it is; bytes that are no UTF-8 as `\\xff`."""
    return "(none)" if value is None else value.decode(errors="backslashreplace")


def mask(text: str) -> str:
    """A text with x for each letter and 9 for each digit, on one line."""
    return _DIGIT.sub("9", _LETTER.sub("x", _line(text)))


def shortened(text: str) -> str:
    """At most `LONGEST` characters of it, on one line."""
    text = _line(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text) - LONGEST:,} more)"


def _line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {_name(name): _masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bool) or value is None:
        return value
    return int("9" * min(len(str(abs(int(value)))), 15))


def _name(name: str) -> str:
    """A field's name, unless it looks like somebody's: maps are sometimes keyed by people."""
    return name if _NAME.fullmatch(name) and not _DIGIT.search(name) else mask(name)
