"""A quantile of weighed values. Pure."""

from collections.abc import Sequence


def quantile(ordered: Sequence[tuple[float, float]], share: float) -> float:
    """The value below which `share` of the weight lies. `ordered`: at least one (value, weight), by rising value."""
    return below(ordered, share * sum([weight for _, weight in ordered]))


def below(ordered: Sequence[tuple[float, float]], left: float) -> float:
    """The same by the weight itself, for whoever knows the sum."""
    for value, weight in ordered:
        left -= weight
        if left <= 0:
            return value
    return ordered[-1][0]
