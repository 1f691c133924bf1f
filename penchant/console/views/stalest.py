"""Stalest: the latest intents, grouped by what took most of their time."""

from collections.abc import Sequence
from typing import Any

from penchant.console.words import many, seconds
from penchant.operations.inspection.stalest import Stale
from penchant.operations.inspection.why import MEANINGS

CAUSES = 4
"""The most groups that are shown: those of the worst."""


def by_cause(found: Sequence[Stale], most: int) -> list[dict[str, Any]]:
    """A group for each cause, that of the worst first, with the `most` latest of each; `found` has the worst first."""
    groups: dict[str, list[Stale]] = {}
    for each in found:
        groups.setdefault(each.cause, []).append(each)
    return [
        {
            "cause": cause,
            "meaning": MEANINGS[cause],
            "shoppers": f"{many(len(some), 'shopper')} of {len(found):,}",
            "rows": [{"late": str(seconds(each.late_ms / 1e3)), "of": each} for each in some[:most]],
        }
        for cause, some in list(groups.items())[:CAUSES]
    ]
