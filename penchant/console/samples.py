"""Samples: what a worker's /metrics said once, to be asked by name and label. Pure."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from math import inf

from prometheus_client.parser import text_string_to_metric_families

from penchant.telemetry.metrics.words import PREFIX

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


class Samples:
    """Values by full name. What is not there is nothing, and not zero: another version may have other metrics."""

    def __init__(self, samples: Mapping[str, list[Sample]]) -> None:
        self._samples = samples

    @classmethod
    def parse(cls, text: str) -> "Samples":
        """Read Prometheus' text format; ValueError when it is none."""
        samples: dict[str, list[Sample]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                samples.setdefault(sample.name, []).append((sample.labels, float(sample.value)))
        return cls(samples)

    def rows(self, name: str) -> Iterable[Sample]:
        """Each value of a metric, with its labels; `name` is without prefix."""
        return self._samples.get(PREFIX + name, ())

    def total(self, name: str, **labels: str) -> float | None:
        """The sum of those values that have these labels; None when there are none."""
        found = [value for given, value in self.rows(name) if labels.items() <= given.items()]
        return sum(found) if found else None

    def buckets(self, name: str) -> dict[float, float]:
        """A histogram's cumulated counts by upper bound, the last one infinite; of all its other labels together."""
        found: dict[float, float] = {}
        for labels, value in self.rows(f"{name}_bucket"):
            with suppress(KeyError, ValueError):  # a bound of another version's, or none
                bound = float(labels["le"])
                found[bound] = found.get(bound, 0.0) + value
        return found


def quantile(buckets: Mapping[float, float], share: float) -> float | None:
    """The value below which this share lies, as Prometheus works it out: evenly spread within each bucket. None of no
    values; beyond the last finite bound it is that bound."""
    bounds = sorted(buckets)
    if not bounds or not buckets[bounds[-1]] > 0:
        return None
    rank, low, below = share * buckets[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= rank:
            if bound == inf:
                return low
            within = buckets[bound] - below
            return low + (bound - low) * (rank - below) / within if within else bound
        low, below = bound, buckets[bound]
    return low
