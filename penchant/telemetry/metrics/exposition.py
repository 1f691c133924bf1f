"""Exposition: the metrics as Prometheus reads them."""

from collections.abc import Callable, Iterator
from math import inf

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from agents.health.histogram import Histogram
from agents.worker.instruments import Instruments
from penchant.telemetry.metrics.vocabulary import VOCABULARY
from penchant.telemetry.metrics.words import Metric


class WorkerCollector(Collector):
    """Reads the whole vocabulary whenever it is asked."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments

    def collect(self) -> Iterator[Family]:
        """One family a metric."""
        for metric in VOCABULARY:
            yield _family(metric, self._instruments)


def exposition(instruments: Instruments) -> Callable[[str], tuple[bytes, str]]:
    """A function that tells all metrics as they are now, and the content type, by a request's header Accept: in
    Prometheus' text format, or in OpenMetrics, which has exemplars."""
    registry = CollectorRegistry()
    registry.register(WorkerCollector(instruments))
    ProcessCollector(registry=registry)

    def tell(accept: str) -> tuple[bytes, str]:
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type

    return tell


def _family(metric: Metric, instruments: Instruments) -> Family:
    if metric.kind == "histogram":
        return _histogram(
            HistogramMetricFamily(metric.family, metric.meaning, labels=metric.labels), metric, instruments
        )
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.family, metric.meaning, labels=metric.labels)
    for labels, value in metric.read(instruments):
        if not isinstance(value, Histogram):
            family.add_metric(labels, value)
    return family


def _histogram(family: HistogramMetricFamily, metric: Metric, instruments: Instruments) -> Family:
    for labels, value in metric.read(instruments):
        if isinstance(value, Histogram):
            family.add_metric(labels, [_bucket(value, *each) for each in value.cumulated()], value.total)
    return family


def _bucket(histogram: Histogram, bound: float, count: int) -> tuple[str, float] | tuple[str, float, Exemplar]:
    """With its last traced value, which leads from a slow bucket to a slow call."""
    label, traced = "+Inf" if bound == inf else str(bound), histogram.traced(bound)
    if traced is None:
        return label, float(count)
    return label, float(count), Exemplar({"trace_id": traced.trace_id}, traced.value, traced.at_s)
