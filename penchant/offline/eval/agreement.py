"""Agreement: whether a judge decides as people do. Pure."""

from collections import Counter
from collections.abc import Sequence

ENOUGH = 0.6
"""The kappa from which a judge's preference counts; people among themselves reach about 0.7 in tasks like this."""


def kappa(one: Sequence[str], other: Sequence[str]) -> float:
    """Cohen's kappa of two who labelled the same things: 1 agree always, 0 as by chance. Where both give everything
    one and the same label there is nothing to agree on, and it is 0."""
    if not one or len(one) != len(other):
        raise ValueError("both label the same things, at least one")
    total = len(one)
    agreed = sum(mine == theirs for mine, theirs in zip(one, other, strict=True)) / total
    mine, theirs = Counter(one), Counter(other)
    by_chance = sum(count * theirs[label] for label, count in mine.items()) / total**2
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
