"""The context hash: what is stored of a shopper's session, and how it is read back."""

from collections.abc import Sequence

from storage.checkpoints import Context, Erased
from streams.errors import StoreCorrupt
from streams.records.erasures import Erasure
from streams.sessions.positions import Position

FIELDS = ("lineage", "offset", "generation", "partition", "owner", "erasure", "owed", "session")
"""In the order in which `decode` expects their values. storage/write.lua writes them."""


MARKER = ("number", "lineage", "ends", "opted_out")
"""The fields of an erasure, in the order in which `decode` expects them. storage/erase.lua writes them."""


def decode(
    shopper: str, key: str, values: Sequence[bytes | None], standing: Sequence[bytes | None]
) -> Context | Erased | None:
    """What is stored of a shopper, from the values of FIELDS and those of MARKER.

    A context from before the last erasure counts for nothing: the erasure came between the two reads. One that knows of
    a later erasure than the marker says that the marker is lost: its number, a time, is what is left of that.
    Raises StoreCorrupt when some fields are missing or are not what they should be.
    """
    present = [value for value in values if value is not None]
    if present and len(present) < len(FIELDS):
        raise StoreCorrupt(key, f"only {len(present)} of the fields {', '.join(FIELDS)} are there")
    try:
        erased = marker(shopper, standing)
        context = _context(shopper, key, present, erased) if present else None
        return context or (Erased(shopper, erased.number, erased) if erased else None)
    except ValueError as exc:  # UnicodeDecodeError is one
        raise StoreCorrupt(key, str(exc)) from exc


def _context(shopper: str, key: str, values: Sequence[bytes], erased: Erasure | None) -> Context | None:
    lineage, offset, generation, partition, owner, known, owed, session = values
    erasure = int(known)
    if erasure < (erased.number if erased else 0):
        return None
    position = Position(int(lineage), int(offset), int(generation))
    if lost := erasure > (erased.number if erased else 0):
        erased = Erasure(shopper, erasure, position.lineage, ())
    return Context(shopper, position, int(partition), owner.decode(), session, erasure, owed == b"1", erased, lost, key)


def marker(shopper: str, values: Sequence[bytes | None]) -> Erasure | None:
    """A shopper's last erasure, from the values of MARKER; None where there is none. Raises ValueError."""
    fields = {name: value.decode() for name, value in zip(MARKER, values, strict=True) if value is not None}
    return Erasure.of(shopper, {"lineage": "-1", "ends": ""} | fields) if "number" in fields else None
