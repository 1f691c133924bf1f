"""Decoding: an intent from the values of its hash. No I/O here."""

from collections.abc import Sequence
from typing import Any

from penchant_reader.fields import ALL, DOC, FIELDS, HOT
from penchant_reader.freshness import Freshness
from penchant_reader.intent import SCHEMA, Fail, ReadIntent, intent_of

OPTIONAL = tuple(name for name, field in FIELDS.items() if not field.required)
"""What a hash of contract 1 lacks."""

_ATTRIBUTES = [field.attribute for field in FIELDS.values()]
_DECODERS = [field.decoded for field in FIELDS.values()]


def decode(
    shopper: str, values: Sequence[bytes | None], read_at_ms: int, fail: Fail,
    freshness: Freshness = Freshness(),  # noqa: B008 (immutable)
) -> ReadIntent:  # fmt: skip
    """Make an intent of the values of HOT or ALL, None where the hash lacks the field.

    Raises ValueError when some are missing, are not what they should be, or are of a later contract.
    """
    if len(values) not in (len(HOT), len(ALL)):
        raise ValueError(f"the reply has {len(values)} values")
    if all(value is None for value in values):
        return intent_of(shopper=shopper, reason="absent", read_at_ms=read_at_ms)
    held: dict[str, Any] = {
        "shopper": shopper, "missing": False, "read_at_ms": read_at_ms, FIELDS[DOC].attribute: None, "_fail": fail,
        "_freshness": freshness,
    }  # fmt: skip
    try:
        decoded = [decode(value) for decode, value in zip(_DECODERS, values, strict=False)]
    except TypeError as error:
        raise ValueError(_lacking(values)) from error
    held.update(zip(_ATTRIBUTES, decoded, strict=False))
    if held["schema"] > SCHEMA:
        raise ValueError(f"schema {held['schema']} is later than {SCHEMA}: upgrade penchant-reader")
    return intent_of(**held)


def _lacking(values: Sequence[bytes | None]) -> str:
    lacking = [name for name, value in zip(ALL, values, strict=False) if value is None and name not in OPTIONAL]
    return f"the hash lacks {', '.join(lacking)}"
