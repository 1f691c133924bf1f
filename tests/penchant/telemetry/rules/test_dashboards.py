"""The dashboards: what Grafana would import, and PromQL that Prometheus takes."""

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from penchant.telemetry.rules.grafana import COLUMNS, dashboard
from penchant.telemetry.rules.metric_names import metrics_in
from penchant.telemetry.rules.objectives import OBJECTIVES, WINDOWS
from penchant.telemetry.rules.panels import DASHBOARDS, Dashboard
from tests.promtool import promtool

__all__ = ["promtool"]

FOLDER = Path(__file__).parents[4] / "deploy" / "grafana"


@pytest.fixture(params=DASHBOARDS, ids=lambda each: each.uid)
def described(request: pytest.FixtureRequest) -> Dashboard:
    found: Dashboard = request.param
    return found


def test_what_is_made_is_up_to_date(described: Dashboard) -> None:
    """The file is what `python -m penchant.telemetry.rules.grafana` writes now."""
    assert (FOLDER / f"{described.uid}.json").read_bytes() == dashboard(described)


def test_panels_lie_side_by_side(described: Dashboard) -> None:
    """Each has an id of its own and a place that no other has."""
    panels = json.loads(dashboard(described))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        place = set(itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])))
        assert at["x"] + at["w"] <= COLUMNS
        assert not taken & place, panel["title"]
        taken |= place


def test_every_panel_shows_metrics_of_ours(described: Dashboard) -> None:
    """Of the vocabulary, by which it says what it shows, or recorded by our rules."""
    recorded = {objective.record(window) for objective in OBJECTIVES for window in WINDOWS}
    for panel in drawn(described):
        for target in panel["targets"]:
            ours = metrics_in(target["expr"])
            assert ours or any(name in target["expr"] for name in recorded), panel["title"]
            assert not ours or panel["description"]


@pytest.mark.slow
def test_prometheus_takes_every_query(described: Dashboard, promtool: str, tmp_path: Path) -> None:
    """Each is recorded as a rule, which `promtool check rules` parses."""
    queries = [target["expr"] for panel in drawn(described) for target in panel["targets"]]
    rules = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries)
    ]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    check = subprocess.run([promtool, "check", "rules", path], check=False, capture_output=True, text=True, timeout=60)
    assert check.returncode == 0, check.stdout + check.stderr


def drawn(described: Dashboard) -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads(dashboard(described))["panels"]
    return [panel for panel in panels if panel["type"] != "row"]
