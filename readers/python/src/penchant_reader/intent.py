"""ReadIntent: an intent as a ranker uses it, and how it is decoded from its hash. No I/O here."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from penchant_reader.wants import Wants, wants

SCHEMA = 1
"""The highest schema number whose fields mean what they mean here."""

FIELDS = ("schema", "position", "source", "as_of", "written_at", "stage", "mission", "category", "brand",
    "confidence", "price_low", "price_high", "doc")  # fmt: skip
"""What is asked of the hash, in the order in which `decode` expects it."""

Fail = Callable[[Exception], None]


class ReadFailed(Exception):
    """Redis did not answer in time, or what it holds cannot be read. Only strict readers raise it."""


def ignore(error: Exception) -> None:
    """Neither count nor raise."""


@dataclass(frozen=True)  # without slots: cached_property keeps what it parsed in __dict__
class ReadIntent:
    """What a shopper is after. When `missing`, every other field is empty.

    `missing` means that there is nothing to use: no intent is known, or it could not be read, which `failed` tells
    apart. Text is empty and prices are None where the intent does not say. Times are milliseconds since the epoch.
    """

    shopper: str
    missing: bool = True
    failed: bool = False
    schema: int = 0
    position: str = ""
    source: str = ""
    as_of_ms: int = 0
    written_at_ms: int = 0
    stage: str = ""
    mission: str = ""
    category: str = ""
    brand: str = ""
    confidence: float = 0.0
    price_low: float | None = None
    price_high: float | None = None
    read_at_ms: int = field(default=0, compare=False)
    _doc: bytes = field(default=b"{}", repr=False)
    _fail: Fail = field(default=ignore, repr=False, compare=False)

    @property
    def age(self) -> timedelta | None:
        """From the last event that the intent includes to the read; None when missing."""
        return None if self.missing else timedelta(milliseconds=self.read_at_ms - self.as_of_ms)

    def stale(self, after_s: float) -> bool:
        """Whether the intent is older than this, or missing."""
        return self.missing or self.read_at_ms - self.as_of_ms > after_s * 1_000

    def at(self, read_at_ms: int) -> "ReadIntent":
        """The same intent as if read at another time, which is what its age is counted to."""
        again = copy.copy(self)  # with what was parsed already
        object.__setattr__(again, "read_at_ms", read_at_ms)  # frozen for others
        return again

    @cached_property
    def doc(self) -> Mapping[str, Any]:
        """The whole intent (docs/intent.schema.json), parsed at the first use; empty when missing or unreadable."""
        try:
            return _object(self._doc)
        except ValueError as error:
            self._fail(error)
            return {}

    @cached_property
    def wants(self) -> Wants:
        """What the intent says about items, for `features`; the hot fields alone when the document cannot be read."""
        try:
            return wants(self.category, self.brand, self.doc)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self._fail(error)
            return wants(self.category, self.brand, {})


def decode(shopper: str, values: Sequence[bytes | None], read_at_ms: int, fail: Fail) -> ReadIntent:
    """Make an intent of the values of FIELDS, None where the hash lacks the field.

    Raises ValueError when some are missing, are not what they should be, or are of a later schema.
    """
    present = [value for value in values if value is not None]
    if not present:
        return ReadIntent(shopper, read_at_ms=read_at_ms)
    if len(present) < len(FIELDS):
        raise ValueError(f"only {len(present)} of {len(FIELDS)} fields are there")
    schema, position, source, as_of, written_at, *words, confidence, low, high, doc = present
    if int(schema) > SCHEMA:
        raise ValueError(f"schema {int(schema)} is later than {SCHEMA}: upgrade penchant-reader")
    stage, mission, category, brand = (word.decode() for word in words)
    return ReadIntent(
        shopper, missing=False, schema=int(schema), position=position.decode(), source=source.decode(),
        as_of_ms=int(as_of), written_at_ms=int(written_at), read_at_ms=read_at_ms,
        stage=stage, mission=mission, category=category, brand=brand,
        confidence=float(confidence), price_low=_price(low), price_high=_price(high), _doc=doc, _fail=fail,
    )  # fmt: skip


def _price(text: bytes) -> float | None:
    return float(text) if text else None


def _object(text: bytes) -> dict[str, Any]:
    doc = json.loads(text)
    if not isinstance(doc, dict):
        raise ValueError("the document is no JSON object")  # noqa: TRY004 (about the text, not about our types)
    return doc
