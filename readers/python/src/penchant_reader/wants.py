"""Wants: what an intent's document says about items, ready to be held against many of them. No I/O here."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

AVOIDED = {"removed": 1.0, "returned": 1.0, "seen-not-clicked": 0.5}
"""How much something is to be avoided, by the reason; reasons that are not known here count half."""


Path = tuple[str, ...]


class Wants(NamedTuple):
    """What is wanted: categories as their parts, broadest first, and brands, each with its share of the interest. What
    is to be avoided, and how much. `leading` and `brand` have the largest share. Names are as `plain` makes them."""

    leading: Path = ()
    brand: str = ""
    categories: Sequence[tuple[Path, float]] = ()
    brands: Mapping[str, float] = {}
    avoid_items: Mapping[str, float] = {}
    avoid_categories: Mapping[Path, float] = {}
    avoid_brands: Mapping[str, float] = {}


def wants(leading: str, brand: str, doc: Mapping[str, Any]) -> Wants:
    """What an intent says about items; TypeError, ValueError, KeyError or AttributeError when the document is none."""
    avoid: dict[str, dict[str, float]] = {"item": {}, "category": {}, "brand": {}}
    for each in doc.get("avoid", ()):
        avoid.setdefault(each["kind"], {})[plain(each["value"])] = AVOIDED.get(each["reason"], 0.5)
    return Wants(
        parts(leading),
        plain(brand),
        [(parts(each["name"]), float(each["weight"])) for each in doc.get("categories", ())],
        {plain(each["name"]): float(each["weight"]) for each in doc.get("brands", ())},
        avoid["item"],
        {parts(path): much for path, much in avoid["category"].items()},
        avoid["brand"],
    )


def parts(path: str) -> Path:
    """The parts of a category's path."""
    return tuple(plain(path).split("/")) if path else ()


def plain(name: str) -> str:
    """Names are the same whatever their case and the space around them."""
    return name.strip().casefold()
