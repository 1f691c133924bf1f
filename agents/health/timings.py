"""Timings: how long calls, waits and round trips take, as histograms. The buckets of calls are OpenTelemetry's."""

from collections import defaultdict
from functools import partial
from typing import Literal

from agents.health.histogram import Histogram
from storage.writer import Operation

Urgency = Literal["urgent", "other"]
"""Whether an urgent action (triggers.urgent) was among what an intent answers to."""

FRESHNESS_S = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 30.0, 120.0, 600.0)
CALL_S = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48)
FIRST_TOKEN_S = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
TOKEN_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
REDIS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Timings:
    """All in seconds. One thread adds; any may read."""

    def __init__(self) -> None:
        self.call, self.first_token, self.token = Histogram(CALL_S), Histogram(FIRST_TOKEN_S), Histogram(TOKEN_S)
        self.freshness = {urgency: Histogram(FRESHNESS_S) for urgency in _URGENCIES}
        self.queue = {urgency: Histogram(FRESHNESS_S) for urgency in _URGENCIES}
        self.redis: defaultdict[Operation, Histogram] = defaultdict(
            partial(Histogram, REDIS_S)
        )  # no lambda: it goes between processes

    def add_call(
        self,
        call_s: float,
        first_token_ms: float | None,
        decode_ms: float | None,
        tokens: int | None,
        trace_id: str = "",
    ) -> None:
        """A call that was answered. What a server does not tell counts nowhere."""
        self.call.add(call_s, trace_id=trace_id)
        if first_token_ms is not None:
            self.first_token.add(first_token_ms / 1e3, trace_id=trace_id)
        if decode_ms is not None and tokens is not None and tokens > 1:  # the first token is no decoding
            self.token.add(decode_ms / 1e3 / (tokens - 1), trace_id=trace_id)

    def add_queue(self, urgency: Urgency, seconds: float) -> None:
        """How long the shopper of an intent waited for a slot."""
        self.queue[urgency].add(seconds)

    def add_freshness(self, urgency: Urgency, seconds: float) -> None:
        """How old the oldest event of an intent was when the first intent for it could be read."""
        self.freshness[urgency].add(seconds)

    def add_round_trip(self, operation: Operation, seconds: float) -> None:
        """An answer of Redis."""
        self.redis[operation].add(seconds)


_URGENCIES: tuple[Urgency, ...] = ("urgent", "other")
