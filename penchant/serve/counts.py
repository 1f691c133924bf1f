"""Counts: what was asked and answered by HTTP, for Prometheus."""

from collections.abc import Iterator, Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from clients.pools.use_cases import UseCaseClient

Step = Literal["given", "features", "scores"]
_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)


class ServeCounts:
    """Requests by path and status, how long they took, matches by the last step that was in time, and use cases."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "penchant_serve_answers", "Requests, by path and HTTP status", ["path", "status"], registry=self._registry
        )
        self._took = Histogram(
            "penchant_serve_seconds", "How long requests took", ["path"], registry=self._registry, buckets=_BUCKETS_S
        )
        self._steps = Counter(
            "penchant_serve_matches", "Matches, by the last step in time", ["step"], registry=self._registry
        )
        self.in_flight = Gauge("penchant_serve_in_flight", "Requests under way", registry=self._registry)

    def watch(self, *clients: UseCaseClient) -> None:
        """Tell what use cases come to."""
        self._registry.register(UseCaseCollector(clients))

    def answered(self, path: str, status: int, seconds: float) -> None:
        """One more request."""
        self._answers.labels(path, str(status)).inc()
        self._took.labels(path).observe(seconds)

    def matched(self, step: Step) -> None:
        """One more match."""
        self._steps.labels(step).inc()

    def exposition(self) -> bytes:
        """All of it as it is now."""
        return generate_latest(self._registry)


class UseCaseCollector(Collector):
    """The usage of use cases."""

    def __init__(self, clients: Sequence[UseCaseClient]) -> None:
        self._clients = clients

    def collect(self) -> Iterator[Metric]:
        """One family a kind of count."""
        labels = ["use_case", "kind"]
        calls = CounterMetricFamily(
            "penchant_use_case_calls", "Calls, by use case and what became of them", labels=labels
        )
        tokens = CounterMetricFamily("penchant_use_case_tokens", "Tokens, by use case and kind", labels=labels)
        seconds = CounterMetricFamily("penchant_use_case_seconds", "Seconds of calls, by use case", labels=labels[:1])
        for name, usage in ((client.name, client.usage) for client in self._clients):
            for kind, count in (("made", usage.calls), ("failed", usage.failed), ("refused", usage.refused)):
                calls.add_metric([name, kind], count)
            for kind, count in (
                ("input", usage.input_tokens), ("cached", usage.cached_tokens), ("output", usage.output_tokens),
            ):  # fmt: skip
                tokens.add_metric([name, kind], count)
            seconds.add_metric([name], usage.seconds)
        yield from (calls, tokens, seconds)
