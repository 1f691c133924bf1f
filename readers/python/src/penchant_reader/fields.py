"""Fields: what the hash holds, what of it a read asks for, and how each value is decoded. No I/O here."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

DOC, SCHEMA_FIELD, PACKED = "doc", "schema", "packed"


class Field(NamedTuple):
    """A field of the hash: what it is called in ReadIntent, what decodes its text, and whether every hash has it.

    What decodes a field that is not required takes None too, which is what Redis has for a field that is not there.
    """

    attribute: str
    decoded: Callable[[Any], Any] = str
    required: bool = True


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no number")
    return number


def _price(text: str) -> float | None:
    return _number(text) if text else None


def _optional(text: str | None) -> str:
    return text or ""


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(text.split(",")) if text else ()


def _lines(text: str | None) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


FIELDS: Mapping[str, Field] = {
    SCHEMA_FIELD: Field("schema", int),
    "stage": Field("stage"),
    "mission": Field("mission"),
    "category": Field("category"),
    "brand": Field("brand"),
    "price_low": Field("price_low", _price),
    "price_high": Field("price_high", _price),
    "currency": Field("currency", _optional, required=False),
    "confidence": Field("confidence", _number),
    "as_of": Field("as_of_ms", int),
    "written_at": Field("written_at_ms", int),
    "source": Field("source"),
    "purposes": Field("purposes", _names, required=False),
    "next_categories": Field("next_categories", _lines, required=False),
    "position": Field("position"),
    DOC: Field("_doc"),
}
"""All, in the order of the contract's table, which is the packed one's. What is not required came with contract 2."""

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
