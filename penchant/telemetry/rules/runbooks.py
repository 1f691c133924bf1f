"""Runbooks: docs/runbooks.md, by `python -m penchant.telemetry.rules.runbooks > docs/runbooks.md`."""

import sys
from collections.abc import Iterator
from typing import Any

from penchant.telemetry.metrics.words import Metric
from penchant.telemetry.rules.alerts import ALERTS, Alert
from penchant.telemetry.rules.metric_names import metrics_in
from penchant.telemetry.rules.objectives import OBJECTIVES

HEAD = """\
# Runbooks

<!-- Made by `python -m penchant.telemetry.rules.runbooks > docs/runbooks.md`; a test holds it to the code. -->

One section for each alert of [penchant.rules.yml](../deploy/prometheus/penchant.rules.yml): when it fires, what to do
first, and what each metric in it means ([metrics.md](metrics.md)). Severity `page` wakes somebody, `ticket` can wait
for the morning. `penchant doctor` names the cause of most of them.

"""


def page() -> str:
    """The text of docs/runbooks.md."""
    return HEAD + "\n".join([*_objectives(), *(line for alert in ALERTS for line in _section(alert))])


def _objectives() -> Iterator[str]:
    yield "## Objectives"
    yield ""
    yield "Set your own targets in `penchant/telemetry/rules/objectives.py` and run `make generate`."
    yield ""
    yield "| objective | target | recorded as |"
    yield "|---|---|---|"
    for objective in OBJECTIVES:
        yield f"| {objective.meaning} | {objective.target:.0%} | `{objective.record('5m')}` (misses) and its windows |"
    yield ""


def _section(alert: Alert) -> Iterator[str]:
    yield f"## {alert.name}"
    yield ""
    yield f"{alert.summary} Severity: {alert.severity}."
    yield ""
    yield f"Fires when this has held for {alert.lasting}: `{alert.expression}`"
    yield ""
    yield alert.then
    yield ""
    for metric in dict.fromkeys([*metrics_in(alert.expression), *metrics_in(" ".join(alert.see))]):
        yield from _metric(metric)
    yield ""


def _metric(metric: Metric[Any]) -> Iterator[str]:
    yield f"* `{metric.full_name}`: {metric.meaning} {metric.action}"


if __name__ == "__main__":
    sys.stdout.write(page())
