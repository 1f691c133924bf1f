"""Join: to each request the intent that was readable then. Pure.

What counts is when an intent became readable and until when it was, never the time of the events it was made from: a
ranker that trains on intents which came later learns from the future.
"""

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.records.history import Readable
from streams.records.intents import Intent

COLUMNS = (
    "penchant_missing", "penchant_age_ms", "penchant_readable_at", "penchant_as_of", "penchant_stage",
    "penchant_mission", "penchant_category", "penchant_brand", "penchant_price_low", "penchant_price_high",
    "penchant_confidence", "penchant_source", "penchant_arm", "penchant_position", "penchant_doc",
)  # fmt: skip
"""What the export adds to a request's own columns. Times are epoch milliseconds."""


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """From then on the shopper had this intent, or none."""

    at_ms: int
    readable: Readable | None = field(compare=False)


class History:
    """The intents of some shoppers, in the order in which they became readable."""

    def __init__(self, shoppers: Collection[str]) -> None:
        self._moments: dict[str, list[Moment]] = {shopper: [] for shopper in shoppers}
        self.records = 0

    @property
    def shoppers(self) -> Collection[str]:
        """Those who were asked for."""
        return self._moments.keys()

    def add(self, shopper: str, at_ms: int, readable: Readable | None) -> None:
        """One record of the topic; None is an erasure. Shoppers that were not asked for are left out."""
        if shopper in self._moments:
            insort(self._moments[shopper], Moment(at_ms, readable))
            self.records += 1

    def at(self, shopper: str, at_ms: int) -> Readable | None:
        """What could be read of a shopper at a time."""
        moments = self._moments.get(shopper, [])
        found = bisect_right(moments, at_ms, key=lambda moment: moment.at_ms)
        readable = moments[found - 1].readable if found else None
        return readable if readable is not None and at_ms < readable.expires_at_ms else None


def joined(requests: Iterable[Mapping[str, Any]], history: History, shopper: str, time: str) -> list[dict[str, Any]]:
    """The requests with what was readable then; `shopper` and `time` name their columns."""
    return [{**row, **columns(history.at(str(row[shopper]), int(row[time])), int(row[time]))} for row in requests]


def columns(readable: Readable | None, at_ms: int) -> dict[str, Any]:
    """One request's columns, all of them always."""
    if readable is None:
        return dict.fromkeys(COLUMNS) | {"penchant_missing": True}
    intent = readable.intent
    band = intent.price_band
    values = (
        False, at_ms - intent.as_of_ms, readable.readable_at_ms, intent.as_of_ms, intent.stage, intent.mission.label,
        _first(intent.categories), _first(intent.brands), band.low if band else None, band.high if band else None,
        intent.confidence, intent.source, intent.arm, intent.position, _doc(intent),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _first(weighted: Any) -> str | None:
    return max(weighted, key=lambda each: each.weight).name if weighted else None


def _doc(intent: Intent) -> str:
    return intent.dump().decode()
