"""Fields: what the hash holds, what of it a read asks for, and how each value is decoded. No I/O here."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

DOC = "doc"


class Field(NamedTuple):
    """A field of the hash: what it is called in ReadIntent, what decodes it, and whether every hash has it.

    What decodes a required field raises TypeError for None, which is what Redis has for a field that is not there.
    """

    attribute: str
    decoded: Callable[[Any], Any]
    required: bool = True


def _number(value: bytes) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no number")
    return number


def _price(value: bytes) -> float | None:
    return None if value == b"" else _number(value)


def _optional(value: bytes | None) -> str:
    return value.decode() if value else ""


def _names(value: bytes | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return tuple(value.decode().split(",")) if value else ()


def _lines(value: bytes | None) -> tuple[str, ...]:
    return tuple(value.decode().split("\n")) if value else ()


FIELDS: Mapping[str, Field] = {
    "schema": Field("schema", int),
    "position": Field("position", bytes.decode),
    "source": Field("source", bytes.decode),
    "as_of": Field("as_of_ms", int),
    "written_at": Field("written_at_ms", int),
    "stage": Field("stage", bytes.decode),
    "mission": Field("mission", bytes.decode),
    "category": Field("category", bytes.decode),
    "brand": Field("brand", bytes.decode),
    "confidence": Field("confidence", _number),
    "price_low": Field("price_low", _price),
    "price_high": Field("price_high", _price),
    "currency": Field("currency", _optional, required=False),
    "purposes": Field("purposes", _names, required=False),
    "next_categories": Field("next_categories", _lines, required=False),
    DOC: Field("_doc", bytes),
}
"""All fields, in the order in which they are asked for. Contract 2 added those that are not required."""

ALL: tuple[str, ...] = tuple(FIELDS)
"""The hot fields and the document."""

HOT: tuple[str, ...] = tuple(name for name in FIELDS if name != DOC)
"""What a ranker needs without parsing: some hundred bytes a shopper, where the document has a thousand."""


def asked(fields: Iterable[str] | str) -> tuple[str, ...]:
    """What is asked of Redis: all hot fields always, the document when it is named. ValueError for other names."""
    try:
        names = [fields] if isinstance(fields, str) else list(fields)
    except TypeError as error:
        raise ValueError(
            f"fields: {type(fields).__name__} is no list of names; there are {', '.join(FIELDS)}"
        ) from error
    if unknown := [name for name in names if name not in ALL]:
        raise ValueError(f"fields: no hash has {unknown}; there are {', '.join(FIELDS)}")
    return ALL if DOC in names else HOT
