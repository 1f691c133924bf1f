"""The context hash: what is stored of a shopper's session, and how it is read back."""

from collections.abc import Sequence

from storage.checkpoints import Context, Erased
from streams.errors import StoreCorrupt
from streams.records.erasures import Erasure
from streams.sessions.positions import Position

FIELDS = ("lineage", "offset", "generation", "partition", "owner", "erasure", "owed", "session")
"""In the order in which `decode` expects their values. storage/write.lua writes them."""


MARKER = ("number", "lineage", "ends")
"""The fields of an erasure, in the order in which `decode` expects them. storage/erase.lua writes them."""


def decode(
    shopper: str, key: str, values: Sequence[bytes | None], marker: Sequence[bytes | None]
) -> Context | Erased | None:
    """What is stored of a shopper, from the values of FIELDS and those of MARKER.

    A context from before the last erasure counts for nothing: the erasure came between the two reads.
    Raises StoreCorrupt when some fields are missing or are not what they should be.
    """
    present = [value for value in values if value is not None]
    if present and len(present) < len(FIELDS):
        raise StoreCorrupt(key, f"only {len(present)} of the fields {', '.join(FIELDS)} are there")
    try:
        erasure = int(marker[0] or 0)
        context = _context(shopper, present, erasure) if present else None
        return context or (Erased(shopper, erasure, _marker(shopper, marker)) if erasure else None)
    except ValueError as exc:  # UnicodeDecodeError is one
        raise StoreCorrupt(key, str(exc)) from exc


def _context(shopper: str, values: Sequence[bytes], erasure: int) -> Context | None:
    lineage, offset, generation, partition, owner, known, owed, session = values
    if int(known) < erasure:
        return None
    position = Position(int(lineage), int(offset), int(generation))
    return Context(shopper, position, int(partition), owner.decode(), session, erasure, owed == b"1")


def _marker(shopper: str, values: Sequence[bytes | None]) -> Erasure | None:
    fields = {name: value.decode() for name, value in zip(MARKER, values, strict=True) if value is not None}
    return Erasure.of(shopper, fields) if len(fields) == len(MARKER) else None
