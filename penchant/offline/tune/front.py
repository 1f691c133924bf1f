"""Front: the ways of which none other is cheaper, fresher and more often in time at once (Pareto). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from penchant.offline.tune.search import Try

IN_TIME, FRESHNESS = "in_time_for_next", "freshness_p95_s"


@dataclass(frozen=True, slots=True)
class Point:
    """A way with its means over the groups that it was played on: dollars, the share in time for the next event,
    seconds of freshness (95 % within), and on how many groups. `best`: it stands on the front."""

    words: str
    dollars: float
    in_time: float
    freshness_s: float
    groups: int
    best: bool = False

    def beats(self, other: "Point") -> bool:
        """Whether it is at least as good in all three, and better in one."""
        ours, theirs = self._losses(), other._losses()
        return ours != theirs and all(one <= another for one, another in zip(ours, theirs, strict=True))

    def _losses(self) -> tuple[float, float, float]:
        return self.dollars, -self.in_time, self.freshness_s


def points(tried: Sequence[Try], cost: str, groups: int) -> list[Point]:
    """All that can be compared, the cheapest first; on the front stand those that were played on all groups."""
    known = [found for each in tried if (found := _point(each, cost)) is not None]
    whole = [each for each in known if each.groups == groups]
    front = {each for each in whole if not any(other.beats(each) for other in whole)}
    return sorted((replace(each, best=each in front) for each in known), key=lambda each: each.dollars)


def _point(tried: Try, cost: str) -> Point | None:
    dollars, in_time, freshness_s = (tried.mean(name) for name in (cost, IN_TIME, FRESHNESS))
    if dollars is None or in_time is None or freshness_s is None:
        return None
    return Point(tried.words, round(dollars, 4), round(in_time, 4), round(freshness_s, 3), len(tried.found))
