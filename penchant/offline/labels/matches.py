"""Matches that people label: the reasons for and against a product, without where it came or whose they are. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

RIGHT, WRONG, UNCLEAR = "right", "wrong", "unclear"


@dataclass(frozen=True)
class LabelMatch:
    """`shown` is what the shopper did, `product` what the card says, in words as the reasons `pro` and `con`. `gold` is
    what is known of them, empty where nothing is."""

    id: str
    shown: str
    product: str
    pro: tuple[str, ...]
    con: tuple[str, ...]
    gold: str = ""

    kind = "matches"
    answers = (RIGHT, WRONG, UNCLEAR)
    undecided = UNCLEAR
    doubt = (False, False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "LabelMatch":
        """Read a row. Raises KeyError, TypeError, ValueError."""
        pro, con = (tuple(map(str, row[side])) for side in ("for", "against"))
        gold = str(row.get("gold") or "")
        if not (pro or con):
            raise ValueError("it has no reasons, for or against")
        if gold not in ("", *cls.answers):
            raise ValueError(f"gold is {gold!r}, which is none of {', '.join(cls.answers)}")
        return cls(str(row["pair"]), str(row["shown"]), str(row["product"]), pro, con, gold)

    @cached_property
    def digest(self) -> str:
        """Tells it from another match of the same id, which a later eval wrote over it."""
        whole = "\0".join((self.shown, self.product, *self.pro, "", *self.con))
        return blake2b(whole.encode(), digest_size=8).hexdigest()

    def chosen(self, place: str, person: str) -> str | None:  # noqa: ARG002 # all people see the same
        """What a person says by a button; None for none of them."""
        return place if place in self.answers else None
