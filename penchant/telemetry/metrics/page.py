"""Page: docs/metrics.md, made from the vocabulary by `python -m penchant.telemetry.metrics.page > docs/metrics.md`."""

import sys
from typing import Any

from penchant.telemetry.metrics.jobs import JOBS
from penchant.telemetry.metrics.serve import SERVE
from penchant.telemetry.metrics.vocabulary import VOCABULARY
from penchant.telemetry.metrics.words import Metric

HEAD = """\
# Metrics

<!-- Made by `python -m penchant.telemetry.metrics.page > docs/metrics.md`; a test holds it to the code. -->

A worker whose `health.port` is set answers three questions there.
It does so from a thread of its own: a busy event loop must not fail a probe.

* `/ready`: 200 when Kafka, Redis and a model are reachable, else 503. Roll out and alert by it.
* `/alive`: 503 only when a restart may help: the event loop or polling has stood still for `health.bound_s` or longer,
  or received work has stayed uncovered for as long while every dependency was there. An outage never fails it.
* `/metrics`: what follows, in Prometheus' text format or OpenMetrics, and `process_` metrics (memory, CPU, file
  descriptors).

With `--workers N` the port answers for all of them: ready when all are, alive when none is stuck, and each series has
the worker's number as the label `worker`. Each worker answers for itself too, at one of the next N ports.

The first two say why in JSON: `{"ok": false, "reasons": ["redis is away: Redis did not answer within 0.5 s"]}`.
Units are seconds, bytes and offsets; counters count since the start of the process.
"""


RUNNERS = """
# Metrics of runners of jobs

`penchant jobs run` answers the same questions at `health.port` (give it another port than a worker's on the same host):
`/ready` is 200 while Redis answers it, `/alive` 503 only when it has not looked at the fleet for `health.bound_s`.
All but `penchant_job_runner_` are of the whole fleet, so each runner tells the same: read them with `max`, not with
`sum`. Counters of teams stand in Redis and go on over restarts.
"""

SERVES = """
# Metrics of penchant serve

`GET /metrics` tells them in Prometheus' text format to whoever has the role `viewer`.
"""


def page() -> str:
    """The text of docs/metrics.md."""
    return "".join(
        head + "".join(map(_entry, metrics)) for head, metrics in ((HEAD, VOCABULARY), (RUNNERS, JOBS), (SERVES, SERVE))
    )


def _entry(metric: Metric[Any]) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    by = f", by {labels}" if labels else ""
    return f"\n## {metric.full_name}\n\n{metric.kind.capitalize()}{by}. {metric.meaning}\n\n{metric.action}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
