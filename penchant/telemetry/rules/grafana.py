"""Grafana's files: `python -m penchant.telemetry.rules.grafana NAME > deploy/grafana/NAME.json`."""

import itertools
import sys
from collections.abc import Iterator
from typing import Any

import orjson

from penchant.telemetry.rules.metric_names import metrics_in
from penchant.telemetry.rules.panels import DASHBOARDS, Dashboard, Panel

SCHEMA_VERSION = 39
"""Of Grafana 10 and 11, which later ones migrate by themselves."""

COLUMNS, WIDTH, HEIGHT = 24, 8, 8
SOURCE = {"type": "prometheus", "uid": "${source}"}


def dashboard(described: Dashboard) -> bytes:
    """The dashboard as Grafana imports it, with its data source to choose."""
    source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    return orjson.dumps(
        {
            "uid": described.uid,
            "title": described.title,
            "tags": ["penchant"],
            "schemaVersion": SCHEMA_VERSION,
            "editable": True,
            "refresh": "30s",
            "time": {"from": "now-6h", "to": "now"},
            "templating": {"list": [source]},
            "panels": list(_panels(described)),
        },
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )


def _panels(described: Dashboard) -> Iterator[dict[str, Any]]:
    numbers, top = itertools.count(1), 0
    for title, panels in described.rows:
        place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        yield {"id": next(numbers), "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        top += 1
        for at, panel in enumerate(panels):
            down, across = divmod(at, COLUMNS // WIDTH)
            place = {"x": across * WIDTH, "y": top + down * HEIGHT, "w": WIDTH, "h": HEIGHT}
            yield _panel(panel, next(numbers), place)
        top += -(-len(panels) // (COLUMNS // WIDTH)) * HEIGHT


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    metrics = dict.fromkeys(metric for _, expression in panel.queries for metric in metrics_in(expression))
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": "\n\n".join(f"{metric.meaning} {metric.action}" for metric in metrics),
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"}},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
            for at, (legend, expression) in enumerate(panel.queries)
        ],
    }


if __name__ == "__main__":
    [wanted] = [each for each in DASHBOARDS if each.uid == sys.argv[1]]
    sys.stdout.write(dashboard(wanted).decode())
