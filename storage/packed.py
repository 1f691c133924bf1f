"""The packed field: the hot fields as one, beside them and never instead. Pure.

A list of text with tabs between, in the order of the table of docs/redis-contract.md, the list's own version first. A
reader looks up and is sent one value instead of fifteen, splits it, and decodes each part as it does a field.
"""

from collections.abc import Mapping

PACKED = "packed"
VERSION = "1"
"""Raised when a part changes its meaning or its place. New ones come at the end and raise nothing."""

ORDER = (
    "schema", "stage", "mission", "category", "brand", "price_low", "price_high", "currency", "confidence", "as_of",
    "written_at", "source", "purposes", "next_categories", "position",
)  # fmt: skip
SEPARATOR = "\t"
UNSAID = "-"
"""Stands for `purposes` that are not there; no purpose is called so."""

MOST_BYTES = 1_024
"""A longer list is not written: a handful of fields is then the better way."""


def packed(fields: Mapping[str, str]) -> str | None:
    """The list of the fields of a hash; None where it would be too long, or a name has a tab: readers that miss it read
    the fields."""
    parts = [VERSION, *[fields.get(name, "") for name in ORDER]]
    if "purposes" not in fields:
        parts[1 + ORDER.index("purposes")] = UNSAID
    text = SEPARATOR.join(parts)
    whole = text.count(SEPARATOR) == len(ORDER) and len(text.encode()) <= MOST_BYTES
    return text if whole else None
