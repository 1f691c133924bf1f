"""Fields: what the hash holds, and what of it a read asks for. No I/O here."""

from collections.abc import Iterable

DOC, PACKED, SCHEMA_FIELD = "doc", "packed", "schema"

HOT: tuple[str, ...] = (
    SCHEMA_FIELD, "stage", "mission", "category", "brand", "price_low", "price_high", "currency", "confidence",
    "as_of", "written_at", "source", "purposes", "next_categories", "position",
)  # fmt: skip
"""What a ranker needs without parsing: some hundred bytes a shopper, where the document has a thousand. In the order of
the contract's table, which is that of the packed field."""

ALL: tuple[str, ...] = (*HOT, DOC)
"""The hot fields and the document."""

OPTIONAL = ("currency", "purposes", "next_categories")
"""What a hash of contract 1 lacks."""


def asked(fields: Iterable[str] | str) -> tuple[str, ...]:
    """What is asked of Redis: all hot fields always, the document when it is named. ValueError for other names."""
    try:
        names = [fields] if isinstance(fields, str) else list(fields)
    except TypeError as error:
        raise ValueError(f"fields: {type(fields).__name__} is no list of names; there are {', '.join(ALL)}") from error
    if unknown := [name for name in names if name not in ALL]:
        raise ValueError(f"fields: no hash has {unknown}; there are {', '.join(ALL)}")
    return ALL if DOC in names else HOT
