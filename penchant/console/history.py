"""History: the fleet's figures over the last quarter of an hour, worked out from counters. Pure; bounded.

Each worker counts since its start, and has another name after a restart: a rate is the difference of two looks at the
same worker, and the fleet's is the sum.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from penchant.console.samples import Samples, quantile

KEPT_S = 900
WINDOW_MS = 15_000
"""What rates and quantiles look back over."""


class Counters(NamedTuple):
    """What one worker has counted since its start. `freshness` are cumulated counts by upper bound in seconds."""

    events: float
    calls: float
    by_model: float
    by_rules: float
    input_tokens: float
    cached_tokens: float
    cost: float
    freshness: Mapping[float, float]

    @classmethod
    def of(cls, samples: Samples) -> "Counters":
        """Of one page of metrics."""
        return cls(
            samples.total("events_total") or 0.0,
            samples.total("calls_total") or 0.0,
            samples.total("intents_total", source="model") or 0.0,
            samples.total("intents_total", source="rules") or 0.0,
            samples.total("tokens_total", kind="input") or 0.0,
            samples.total("tokens_total", kind="cached") or 0.0,
            samples.total("replica_cost_total") or 0.0,
            samples.buckets("freshness_seconds"),
        )


class Point(NamedTuple):
    """The fleet at one moment. Seconds, shares of one, counts a second; None is not known."""

    at_ms: int
    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    events_per_s: float | None = None
    calls_per_s: float | None = None
    intents_per_s: float | None = None
    rules_share: float | None = None
    cached_share: float | None = None
    cost_per_thousand: float | None = None
    owed: float | None = None
    lag: float | None = None


class History:
    """The points, and as many looks as the window needs."""

    def __init__(self) -> None:
        self.points: deque[Point] = deque(maxlen=KEPT_S)
        self._looks: deque[tuple[int, Mapping[str, Counters]]] = deque()

    def add(
        self, at_ms: int, counters: Mapping[str, Counters], owed: float | None = None, lag: float | None = None
    ) -> Point:
        """Take in a look at the workers that could be read, by name; how many shoppers are `owed` a call, and how many
        events the fleet has not read."""
        self._looks.append((at_ms, counters))
        while len(self._looks) > 2 and self._looks[1][0] <= at_ms - WINDOW_MS:
            self._looks.popleft()
        point = self._point(at_ms, counters)._replace(owed=owed, lag=lag)
        self.points.append(point)
        return point

    def _point(self, at_ms: int, counters: Mapping[str, Counters]) -> Point:
        spans = list(self._spans(at_ms, counters))
        if not spans:
            return Point(at_ms)
        made = sum(span.by_model + span.by_rules for span, _ in spans)
        by_model = sum(span.by_model for span, _ in spans)
        prompted, cost = sum(span.input_tokens for span, _ in spans), sum(span.cost for span, _ in spans)
        bounds = {bound for span, _ in spans for bound in span.freshness}
        fresh = {bound: sum(span.freshness.get(bound, 0.0) for span, _ in spans) for bound in bounds}
        return Point(
            at_ms,
            quantile(fresh, 0.5),
            quantile(fresh, 0.95),
            quantile(fresh, 0.99),
            sum(span.events / seconds for span, seconds in spans),
            sum(span.calls / seconds for span, seconds in spans),
            sum((span.by_model + span.by_rules) / seconds for span, seconds in spans),
            (made - by_model) / made if made else None,
            sum(span.cached_tokens for span, _ in spans) / prompted if prompted else None,
            cost / by_model * 1_000 if cost and by_model else None,
        )

    def _spans(self, at_ms: int, counters: Mapping[str, Counters]) -> Iterator[tuple[Counters, float]]:
        """What each worker has done since the oldest look at it, and in how many seconds."""
        for worker, now in counters.items():
            for then_ms, workers in islice(self._looks, len(self._looks) - 1):
                if (then := workers.get(worker)) is not None and then_ms < at_ms:
                    yield _difference(now, then), (at_ms - then_ms) / 1e3
                    break


def _difference(now: Counters, then: Counters) -> Counters:
    fresh = {bound: max(count - then.freshness.get(bound, 0.0), 0.0) for bound, count in now.freshness.items()}
    return Counters(
        now.events - then.events,
        now.calls - then.calls,
        now.by_model - then.by_model,
        now.by_rules - then.by_rules,
        now.input_tokens - then.input_tokens,
        now.cached_tokens - then.cached_tokens,
        now.cost - then.cost,
        fresh,
    )
