"""Audience: whom a product interests, in counts that are large enough to be told."""

from typing import Any

from agents.match.audience import FEWEST, counted
from penchant.operations.audience import Found
from streams.records.cards import Segment


def audience_of(product: str, found: Found | None) -> dict[str, Any]:
    """Everything that the page shows; before anybody asked, its form alone."""
    if found is None:
        return {"product": product, "found": None, "fewest": FEWEST}
    segments = [(_words(need), _number(number)) for need, number in found.audience.segments.items()]
    return {
        "product": product,
        "found": found,
        "fewest": FEWEST,
        "answer": f"{_number(len(found.audience.shoppers))} shoppers are after what {product} is.",
        "segments": segments,
    }


def _number(number: int) -> str:
    told = counted(number)
    return f"fewer than {FEWEST}" if told is None else f"{told:,}"


def _words(need: Segment) -> str:
    stage = f", {need.stage}" if need.stage else ""
    return f"{need.mission}{stage}" + (f", {need.attribute.name} {need.attribute.value}" if need.attribute else "")
