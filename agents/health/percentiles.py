"""Percentiles of what was sampled: values that were seen, by nearest rank, and none between them. Pure."""

from collections.abc import Iterable, Sequence


def percentiles(
    samples: Iterable[float], shares: Sequence[int] = (50, 95, 99), digits: int = 1
) -> dict[str, float] | None:
    """`p50`, `p95` and so on, rounded, in the samples' unit; a share of 100 is `max`. None of no samples."""
    ordered = sorted(samples)
    if not ordered:
        return None
    last = len(ordered) - 1
    return {
        "max" if share == 100 else f"p{share}": round(ordered[round(last * share / 100)], digits) for share in shares
    }
