"""Prometheus' file: `python -m penchant.telemetry.rules.prometheus > deploy/prometheus/penchant.rules.yml`."""

import json
import sys
from collections.abc import Iterator

from penchant.telemetry.rules.alerts import ALERTS, Alert
from penchant.telemetry.rules.objectives import OBJECTIVES, WINDOWS

HEAD = """\
# Made by `python -m penchant.telemetry.rules.prometheus`; a test holds it to the code, promtool to its incidents.
groups:
"""
RUNBOOKS = "docs/runbooks.md"


def rules() -> str:
    """The text of deploy/prometheus/penchant.rules.yml."""
    return HEAD + "\n".join([*_records(), *_alerts()]) + "\n"


def annotations(alert: Alert) -> dict[str, str]:
    """What the pager shows."""
    return {"summary": alert.summary, "runbook": f"{RUNBOOKS}#{alert.name.lower()}"}


def _records() -> Iterator[str]:
    yield "  - name: penchant-objectives"
    yield "    rules:"
    for objective in OBJECTIVES:
        for window in WINDOWS:
            yield f"      - record: {objective.record(window)}"
            yield f"        expr: {json.dumps(objective.ratio(window))}"


def _alerts() -> Iterator[str]:
    yield "  - name: penchant-alerts"
    yield "    rules:"
    for alert in ALERTS:
        yield f"      - alert: {alert.name}"
        yield f"        expr: {json.dumps(alert.expression)}"
        yield f"        for: {alert.lasting}"
        yield "        labels:"
        yield f"          severity: {alert.severity}"
        yield "        annotations:"
        for name, text in annotations(alert).items():
            yield f"          {name}: {json.dumps(text)}"


if __name__ == "__main__":
    sys.stdout.write(rules())
