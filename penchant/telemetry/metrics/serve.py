"""Serve: what was asked and answered by HTTP (`penchant serve`), and its metrics. See vocabulary.py."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal

from agents.health.histogram import Histogram
from clients.pools.use_cases import UseCaseClient
from penchant.telemetry.metrics.readings import Sample
from penchant.telemetry.metrics.words import Metric

Step = Literal["given", "features", "scores"]
BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)


class ServeCounts:
    """Requests by path and status, how long they took, matches by the last step that was in time, and use cases."""

    def __init__(self) -> None:
        self.answers = Counter[tuple[str, str]]()
        self.seconds: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(BOUNDS_S))
        self.matches = Counter[Step]()
        self.in_flight = 0
        self.clients: tuple[UseCaseClient, ...] = ()

    def answered(self, path: str, status: int, seconds: float) -> None:
        """One more request."""
        self.answers[path, str(status)] += 1
        self.seconds[path].add(seconds)

    def matched(self, step: Step) -> None:
        """One more match."""
        self.matches[step] += 1


def calls(counts: ServeCounts) -> Iterator[Sample]:
    """What became of the calls of each use case."""
    for name, usage in ((client.name, client.usage) for client in counts.clients):
        for kind, count in (("made", usage.calls), ("failed", usage.failed), ("refused", usage.refused)):
            yield (name, kind), count


def tokens(counts: ServeCounts) -> Iterator[Sample]:
    """What each use case has used."""
    for name, usage in ((client.name, client.usage) for client in counts.clients):
        used = {"input": usage.input_tokens, "cached": usage.cached_tokens, "output": usage.output_tokens}
        for kind, count in used.items():
            yield (name, kind), count


def seconds(counts: ServeCounts) -> Iterable[Sample]:
    """How long the calls of each use case took together."""
    return [((client.name,), client.usage.seconds) for client in counts.clients]


SERVE: tuple[Metric[ServeCounts], ...] = (
    Metric(
        "counter", "serve_answers", "Requests, by path and HTTP status; paths other than those of matches, intents and "
        "batches are `other`.",
        "`429` grows: start another `penchant serve`, or raise serve.max_in_flight. `503`: Redis is away.",
        lambda counts: list(counts.answers.items()), ("path", "status"),
    ),
    Metric(
        "histogram", "serve_seconds", "How long requests took.",
        "p95 near serve.deadline_ms: Redis or the model takes it; `serve_matches_total` says how many went without.",
        lambda counts: [((path,), each) for path, each in counts.seconds.items()], ("path",),
    ),
    Metric(
        "counter", "serve_matches", "Matches, by the last step that was in time: the order `given`, by `features`, or "
        "by the model's `scores`.",
        "The share of `given` grows: Redis is away or late, or shoppers are unknown. That of `scores` falls: the model "
        "is late.",
        lambda counts: [((step,), count) for step, count in counts.matches.items()], ("step",),
    ),
    Metric(
        "gauge", "serve_in_flight", "Requests under way.",
        "At serve.max_in_flight: what comes beyond is refused.",
        lambda counts: [((), counts.in_flight)],
    ),
    Metric(
        "counter", "use_case_calls", "Calls to the model, by use case: `made`, of these `failed`, and `refused` for "
        "length or budget.",
        "`failed` grows: the model is away or late; matches go by features. `refused`: the use case's budget is spent.",
        calls, ("use_case", "kind"),
    ),
    Metric(
        "counter", "use_case_tokens", "Tokens, by use case; `cached` are those of `input` that were reused.",
        "Grows faster than is wanted: give the use case a `budget_tokens_per_hour`.",
        tokens, ("use_case", "kind"),
    ),
    Metric(
        "counter", "use_case_seconds", "What the calls of a use case took together, in seconds.",
        "By `use_case_calls_total` it is the time of a call.",
        seconds, ("use_case",),
    ),
)  # fmt: skip
"""In the order of a request's way."""
