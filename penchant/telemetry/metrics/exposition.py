"""Exposition: the metrics as Prometheus reads them."""

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Generic

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from agents.health.histogram import Histogram
from agents.worker.instruments import Instruments
from penchant.telemetry.metrics.readings import Source
from penchant.telemetry.metrics.vocabulary import VOCABULARY
from penchant.telemetry.metrics.words import Metric

Tell = Callable[[str], tuple[bytes, str]]
"""All metrics as they are now, and the content type, by a request's header Accept."""


class VocabularyCollector(Collector, Generic[Source]):
    """Reads a whole vocabulary whenever it is asked."""

    def __init__(self, vocabulary: Sequence[Metric[Source]], source: Source) -> None:
        self._vocabulary, self._source = vocabulary, source

    def collect(self) -> Iterator[Family]:
        """One family a metric."""
        for metric in self._vocabulary:
            yield _family(metric, self._source)


def exposition(instruments: Instruments) -> Tell:
    """What tells a worker's metrics."""
    return exposed(VOCABULARY, instruments)


def exposed(vocabulary: Sequence[Metric[Source]], source: Source) -> Tell:
    """What tells a vocabulary, and the process's own metrics."""
    registry = CollectorRegistry()
    registry.register(VocabularyCollector(vocabulary, source))
    ProcessCollector(registry=registry)
    return lambda accept: encoded(registry, accept)


def encoded(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """In Prometheus' text format, or in OpenMetrics, which has exemplars, where the header Accept asks for it."""
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def _family(metric: Metric[Source], source: Source) -> Family:
    if metric.kind == "histogram":
        return _histogram(HistogramMetricFamily(metric.family, metric.meaning, labels=metric.labels), metric, source)
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.family, metric.meaning, labels=metric.labels)
    for labels, value in metric.read(source):
        if not isinstance(value, Histogram):
            family.add_metric(labels, value)
    return family


def _histogram(family: HistogramMetricFamily, metric: Metric[Source], source: Source) -> Family:
    for labels, value in metric.read(source):
        if isinstance(value, Histogram):
            family.add_metric(labels, [_bucket(value, *each) for each in value.cumulated()], value.total)
    return family


def _bucket(histogram: Histogram, bound: float, count: int) -> tuple[str, float] | tuple[str, float, Exemplar]:
    """With its last traced value, which leads from a slow bucket to a slow call."""
    label, traced = "+Inf" if bound == inf else str(bound), histogram.traced(bound)
    if traced is None:
        return label, float(count)
    return label, float(count), Exemplar({"trace_id": traced.trace_id}, traced.value, traced.at_s)
