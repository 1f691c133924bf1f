"""Behind: a worker's ingest has fallen behind now and then, so that calls and parking give way to it."""

from collections.abc import Callable
from random import Random

from agents.worker.ingest_share import IngestCpuShare

SPANS_S = (0.0, 0.0, 2.0, 15.0)
"""It is behind in every second span of so many seconds, the first or the next; 0: never."""


def now_and_then_behind(chance: Random, now_s: Callable[[], float]) -> IngestCpuShare:
    """The share of a worker that is behind by the clock alone."""
    span_s, share = chance.choice(SPANS_S), IngestCpuShare()
    first = chance.randrange(2)
    share.listen(lambda: span_s > 0 and int(now_s() / span_s) % 2 == first)
    return share
