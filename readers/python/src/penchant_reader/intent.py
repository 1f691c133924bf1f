"""ReadIntent: an intent as a ranker uses it. No I/O here."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from penchant_reader.freshness import Freshness
from penchant_reader.wants import Wants, wants

if TYPE_CHECKING:
    import numpy as np

SCHEMA = 3
"""The highest contract number that is understood here."""

Reason = Literal["", "absent", "id", "purpose", "timeout", "circuit", "unavailable", "unreadable"]
"""Why an intent is missing: none is known, what was asked for is no id, or the shopper did not agree to the purpose. Or
the server: no reply in time, left alone after a failure, could not be asked, or holds what cannot be read. Empty when
the intent is there."""

Fail = Callable[[Exception], None]


class ReadFailed(Exception):
    """Redis did not answer in time, or what it holds cannot be read. Only strict readers raise it."""


class DocumentNotRead(Exception):
    """The document is used of an intent that was read without it."""


def ignore(error: Exception) -> None:
    """Neither count nor raise."""


@dataclass(frozen=True)  # without slots: cached_property keeps what it parsed in __dict__
class ReadIntent:
    """What a shopper is after. When `missing`, every other field is empty.

    `missing` means that there is nothing to use, and `reason` says why; `failed` tells a read that came to nothing from
    a shopper of whom nothing may be told. Text is empty and prices are None where the intent does not say; `purposes`
    is None where the writer did not say. `next_categories` are those, at most two, that the shopper has not looked at
    and others went on to. Times are milliseconds since the epoch.
    """

    shopper: str
    missing: bool = True
    failed: bool = False
    reason: Reason = ""
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
    currency: str = ""
    purposes: tuple[str, ...] | None = None
    next_categories: tuple[str, ...] = ()
    read_at_ms: int = field(default=0, compare=False)
    _doc: bytes | None = field(default=b"{}", repr=False)
    _fail: Fail = field(default=ignore, repr=False, compare=False)
    _freshness: Freshness = field(default=Freshness(), repr=False, compare=False)

    @property
    def age(self) -> timedelta | None:
        """From the last event that the intent includes to the read; None when missing."""
        return None if self.missing else timedelta(milliseconds=self.read_at_ms - self.as_of_ms)

    def stale(self, after_s: float | None = None) -> bool:
        """Whether the intent is missing or older than this; by default than the reader's Freshness has it."""
        limit_s = self._freshness.age_s(self.source) if after_s is None else after_s
        return self.missing or self.read_at_ms - self.as_of_ms > limit_s * 1_000

    def agrees(self, purpose: str, *, strict: bool = False) -> bool:
        """Whether the shopper agreed to a purpose. Where the writer did not say, only a strict caller is told no."""
        return not strict if self.purposes is None else purpose in self.purposes

    def as_vector(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """The intent as numbers, in the order of `COLUMNS`. ImportError without numpy."""
        from penchant_reader.matrix import as_matrix  # noqa: PLC0415 (needs numpy, which is optional)

        row: np.ndarray[Any, np.dtype[np.float64]] = as_matrix([self])[0]
        return row

    def at(self, read_at_ms: int) -> "ReadIntent":
        """The same intent as if read at another time, which is what its age is counted to."""
        again = copy.copy(self)  # with what was parsed already
        object.__setattr__(again, "read_at_ms", read_at_ms)  # frozen for others
        return again

    @property
    def whole(self) -> bool:
        """Whether the document was read too."""
        return self._doc is not None

    @cached_property
    def doc(self) -> Mapping[str, Any]:
        """The whole intent (docs/intent.schema.json), parsed at the first use; empty when missing or unreadable, and,
        counted as a failure, when it was not asked for."""
        try:
            return _object(self._doc)
        except (DocumentNotRead, ValueError) as error:
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


def intent_of(values: Mapping[str, Any]) -> ReadIntent:
    """An intent with these values and the class's defaults, in a tenth of what its frozen constructor takes."""
    intent = object.__new__(ReadIntent)
    intent.__dict__.update(values)
    return intent


def _object(text: bytes | None) -> dict[str, Any]:
    if text is None:
        raise DocumentNotRead("the document was not asked for: read with fields=ALL")
    doc = json.loads(text)
    if not isinstance(doc, dict):
        raise ValueError("the document is no JSON object")  # noqa: TRY004 (about the text, not about our types)
    return doc
