"""Merging: what several workers answer, as one answer. Pure.

A series of a worker keeps its number as the label `worker`. Sums are Prometheus' to make: a counter that was summed
here would fall when one of the workers begins anew, and Prometheus would count all the others' again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from agents.health.probes import Judgement
from penchant.telemetry.metrics.supervised import RESTARTS, UP, WORKER


@dataclass(frozen=True, slots=True)
class Told:
    """What the parent knows of a worker, and what it says of itself, its metrics in OpenMetrics; None where it does not
    answer."""

    number: int
    up_s: float | None
    restarts: int = 0
    text: str | None = None
    judgement: Judgement | None = None


def ready(workers: Iterable[Told]) -> Judgement:
    """All of them are: a roll-out waits for the last one."""
    return _all([(told, told.judgement or Judgement(ok=False, reasons=("starting",))) for told in workers])


def alive(workers: Iterable[Told], bound_s: float) -> Judgement:
    """None of them is stuck. One that does not run is started anew from here; one that does not answer may begin for
    so long."""
    return _all([(told, told.judgement or _unheard(told.up_s, bound_s)) for told in workers])


class Merged(Collector):
    """The metrics of all of them, and of their processes."""

    def __init__(self, workers: Iterable[Told]) -> None:
        self._workers = list(workers)

    def collect(self) -> Iterator[Family]:
        """One family a metric, with its exemplars. ValueError for a page that is no OpenMetrics."""
        families: dict[str, Family] = {}
        for told in self._workers:
            for family in _parsed(told.text) if told.text is not None else ():
                _add(families, family, told.number)
        up, restarts = Family(UP.family, UP.meaning, "gauge"), Family(RESTARTS.family, RESTARTS.meaning, "counter")
        for told in self._workers:
            up.add_sample(UP.full_name, {WORKER: str(told.number)}, told.up_s is not None)
            restarts.add_sample(RESTARTS.full_name, {WORKER: str(told.number)}, told.restarts)
        yield from (families | {up.name: up, restarts.name: restarts}).values()


def _parsed(text: str) -> Iterator[Family]:
    yield from text_string_to_metric_families(text)  # type: ignore[no-untyped-call] # the client has no types there


def _add(families: dict[str, Family], family: Family, number: int) -> None:
    known = families.setdefault(family.name, Family(family.name, family.documentation, family.type))
    for sample in family.samples:
        known.samples.append(sample._replace(labels={**sample.labels, WORKER: str(number)}))


def _all(judged: Iterable[tuple[Told, Judgement]]) -> Judgement:
    found: Mapping[int, Judgement] = {told.number: judgement for told, judgement in judged}
    reasons = tuple(f"worker {number}: {reason}" for number, each in found.items() for reason in each.reasons)
    return Judgement(all(each.ok for each in found.values()), reasons)


def _unheard(up_s: float | None, bound_s: float) -> Judgement:
    if up_s is None:
        return Judgement(ok=True, reasons=("is started anew",))
    return Judgement(ok=up_s <= bound_s, reasons=(f"does not answer, {up_s:.0f} s after its start",))
