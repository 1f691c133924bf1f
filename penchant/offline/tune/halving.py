"""Halving: many candidates on little, the better half of them on more, until one is left."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from penchant.offline.tune.target import Target
from penchant.offline.whatif.figures import Figures

Evaluate = Callable[[str, int], Awaitable[Figures]]
"""The figures of a candidate on the group of that number."""

COST = "dollars_needed"


@dataclass(slots=True)
class Try:
    """A candidate with its figures on the groups that it was tried on."""

    words: str
    found: list[Figures] = field(default_factory=list)

    def worst(self, target: Target) -> float | None:
        """The target's measure on the group where it is worst; None where one could not say."""
        known = [value for each in self.found if (value := each[target.name]) is not None]
        if not known or len(known) < len(self.found):
            return None
        return min(known) if target.more else max(known)

    def mean(self, name: str) -> float | None:
        """Over the groups; None where one could not say."""
        values = [each[name] for each in self.found]
        known = [value for value in values if value is not None]
        return fmean(known) if known and len(known) == len(values) else None


async def halve(words: Sequence[str], rungs: int, target: Target, evaluate: Evaluate) -> list[Try]:
    """All tries, the best first. On each rung those that are left are tried on one more group, and the worse half of
    them goes."""
    tries = [Try(each) for each in words]
    left, gone = tries, list[Try]()
    for rung in range(rungs):
        found = await asyncio.gather(*(evaluate(each.words, rung) for each in left))
        for each, figures in zip(left, found, strict=True):
            each.found.append(figures)
        left.sort(key=lambda each: rank(each, target))
        kept = max(len(left) // 2, 1) if rung < rungs - 1 else len(left)
        left, gone = left[:kept], left[kept:] + gone
    return left + gone


def rank(tried: Try, target: Target) -> tuple[float, float]:
    """Lower is better: first those that miss the target by less where they are worst, and of those that reach it there
    the cheaper ones. A mean that just reaches it would miss it on every other group."""
    cost = tried.mean(COST)
    return round(target.lacks(tried.worst(target)), 4), float("inf") if cost is None else cost
