"""Decoding: an intent from the values of its hash, or from the one that has them packed. No I/O here."""

import math
from collections.abc import Sequence

from penchant_reader.fields import ALL, DOC, HOT, OPTIONAL
from penchant_reader.freshness import Freshness
from penchant_reader.intent import SCHEMA, Fail, ReadIntent, intent_of

SEPARATOR, PACKED_VERSION, UNSAID = "\t", "1", "-"
"""What parts the values of the packed field, the version of the list that comes first, and what stands there for
`purposes` that the writer does not say."""

USUAL = Freshness()


def decode(
    shopper: str, values: Sequence[bytes | None], read_at_ms: int, fail: Fail, freshness: Freshness = USUAL
) -> ReadIntent:
    """Make an intent of the values of HOT or ALL, None where the hash lacks the field.

    Raises ValueError when some are missing, are not what they should be, or are of a later contract.
    """
    if len(values) not in (len(HOT), len(ALL)):
        raise ValueError(f"the reply has {len(values)} values")
    if all(value is None for value in values):
        return intent_of({"shopper": shopper, "reason": "absent", "read_at_ms": read_at_ms})
    held = dict(zip(ALL, values, strict=False))
    if lacking := [name for name, value in held.items() if value is None and name not in OPTIONAL]:
        raise ValueError(f"the hash lacks {', '.join(lacking)}")
    if held["purposes"] is None:
        held["purposes"] = UNSAID.encode()
    texts = [(held[name] or b"").decode() for name in HOT]
    return _intent(texts, shopper, held.get(DOC), read_at_ms, fail, freshness)


def decode_packed(
    shopper: str, values: Sequence[bytes | None], read_at_ms: int, fail: Fail, freshness: Freshness = USUAL
) -> ReadIntent | None:
    """Make an intent of `packed`, `schema` and, if it was asked for, `doc`. None where the fields have to be read: the
    hash has no packed one, or one of a version that is not known here. Raises as `decode` does."""
    if len(values) not in (2, 3):
        raise ValueError(f"the reply has {len(values)} values")
    packed, _, doc = values if len(values) > 2 else (*values, None)
    if packed is None:
        absent = all(value is None for value in values)
        return intent_of({"shopper": shopper, "reason": "absent", "read_at_ms": read_at_ms}) if absent else None
    version, *texts = packed.decode().split(SEPARATOR)
    if version != PACKED_VERSION:
        return None
    if len(texts) < len(HOT):
        raise ValueError(f"the packed field has {len(texts)} values, not {len(HOT)}")
    if len(values) > 2 and doc is None:
        raise ValueError(f"the hash lacks {DOC}")
    return _intent(texts, shopper, doc, read_at_ms, fail, freshness)


def _intent(
    texts: Sequence[str], shopper: str, doc: bytes | None, read_at_ms: int, fail: Fail, freshness: Freshness
) -> ReadIntent:
    """Of the texts of HOT; what follows them came with a later version. Written out, since rankers wait for it."""
    (
        schema, stage, mission, category, brand, price_low, price_high, currency, confidence, as_of, written_at, source,
        purposes, next_categories, position, *_,
    ) = texts  # fmt: skip
    if int(schema) > SCHEMA:
        raise ValueError(f"schema {schema} is later than {SCHEMA}: upgrade penchant-reader")
    return intent_of({
        "shopper": shopper, "missing": False, "schema": int(schema), "position": position, "source": source,
        "as_of_ms": int(as_of), "written_at_ms": int(written_at), "stage": stage, "mission": mission,
        "category": category, "brand": brand, "confidence": _number(confidence),
        "price_low": _number(price_low) if price_low else None,
        "price_high": _number(price_high) if price_high else None, "currency": currency,
        "purposes": None if purposes == UNSAID else tuple(purposes.split(",")) if purposes else (),
        "next_categories": tuple(next_categories.split("\n")) if next_categories else (),
        "read_at_ms": read_at_ms, "_doc": doc, "_fail": fail, "_freshness": freshness,
    })  # fmt: skip


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no number")
    return number
