"""Decoding: an intent from the values of its hash, or from the one that has them packed. No I/O here."""

from collections.abc import Sequence
from typing import Any

from penchant_reader.fields import ALL, DOC, FIELDS, HOT
from penchant_reader.freshness import Freshness
from penchant_reader.intent import SCHEMA, Fail, ReadIntent, intent_of

OPTIONAL = tuple(name for name, field in FIELDS.items() if not field.required)
"""What a hash of contract 1 lacks."""

SEPARATOR, PACKED_VERSION, UNSAID = "\t", "1", "-"
"""What parts the values of the packed field, the version of the list that comes first, and what stands there for
`purposes` that the writer does not say."""

_PURPOSES = HOT.index("purposes")
_ATTRIBUTES = [FIELDS[name].attribute for name in HOT]
_TYPED = [(field.attribute, field.decoded) for name, field in FIELDS.items() if field.decoded is not str]


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
    if lacking := [name for name, value in zip(ALL, values, strict=False) if value is None and FIELDS[name].required]:
        raise ValueError(f"the hash lacks {', '.join(lacking)}")
    texts = [None if value is None else value.decode() for value in values[: len(HOT)]]
    doc = values[len(HOT)] if len(values) > len(HOT) else None
    return _intent(shopper, texts, doc, read_at_ms, fail, freshness)


def decode_packed(
    shopper: str, values: Sequence[bytes | None], read_at_ms: int, fail: Fail,
    freshness: Freshness = Freshness(),  # noqa: B008 (immutable)
) -> ReadIntent | None:  # fmt: skip
    """Make an intent of `packed`, `schema` and, if it was asked for, `doc`. None where the fields have to be read: the
    hash has no packed one, or one of a version that is not known here. Raises as `decode` does."""
    if len(values) not in (2, 3):
        raise ValueError(f"the reply has {len(values)} values")
    packed, _, doc = values if len(values) > 2 else (*values, None)
    if packed is None:
        absent = all(value is None for value in values)
        return intent_of(shopper=shopper, reason="absent", read_at_ms=read_at_ms) if absent else None
    texts: list[str | None] = [*packed.decode().split(SEPARATOR)]
    version = texts.pop(0)
    if version != PACKED_VERSION:
        return None
    if len(texts) < len(HOT):
        raise ValueError(f"the packed field has {len(texts)} values, not {len(HOT)}")
    if len(values) > 2 and doc is None:
        raise ValueError(f"the hash lacks {DOC}")
    if texts[_PURPOSES] == UNSAID:
        texts[_PURPOSES] = None
    return _intent(shopper, texts, doc, read_at_ms, fail, freshness)


def _intent(
    shopper: str, texts: Sequence[str | None], doc: bytes | None, read_at_ms: int, fail: Fail, freshness: Freshness
) -> ReadIntent:
    """Of the texts of HOT; what follows them came with a later version."""
    held: dict[str, Any] = dict(zip(_ATTRIBUTES, texts, strict=False))
    for attribute, decoded in _TYPED:
        held[attribute] = decoded(held[attribute])
    if held["schema"] > SCHEMA:
        raise ValueError(f"schema {held['schema']} is later than {SCHEMA}: upgrade penchant-reader")
    return intent_of(
        held, shopper=shopper, missing=False, read_at_ms=read_at_ms, _doc=doc, _fail=fail, _freshness=freshness
    )
