"""The rules, by Prometheus' own checker: each alert fires on its incident, and on nothing else."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from penchant.telemetry.rules import prometheus, runbooks
from penchant.telemetry.rules.alerts import ALERTS
from penchant.telemetry.rules.metric_names import metrics_in
from penchant.telemetry.rules.objectives import OBJECTIVES
from tests.penchant.telemetry.rules.incidents import BURNING, INCIDENTS, Incident
from tests.promtool import promtool

__all__ = ["promtool"]

ROOT = Path(__file__).parents[4]
RULES = ROOT / "deploy" / "prometheus" / "penchant.rules.yml"


def test_what_is_made_is_up_to_date() -> None:
    """The file of rules and the page of runbooks are what the code writes now."""
    assert RULES.read_text(encoding="utf-8") == prometheus.rules()
    assert (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8") == runbooks.page()


def test_every_metric_is_in_the_vocabulary() -> None:
    """A rule over a metric that nobody exposes would never fire."""
    for alert in ALERTS:
        assert metrics_in(" ".join((alert.expression, *alert.see))) or "penchant:" in alert.expression, alert.name
    for objective in OBJECTIVES:
        assert metrics_in(objective.bad)


def test_a_name_that_is_no_metric() -> None:
    """It is found."""
    with pytest.raises(KeyError):
        metrics_in("rate(penchant_calls[5m])")
    with pytest.raises(KeyError):
        metrics_in("penchant_calls_total_bucket")


def test_every_alert_has_an_incident() -> None:
    """And its own section among the runbooks."""
    fired = {name for incident in (*INCIDENTS.values(), *BURNING.values()) for name in incident.fires}
    assert fired == {alert.name for alert in ALERTS}
    for alert in ALERTS:
        assert f"\n## {alert.name}\n" in runbooks.page()


@pytest.mark.slow
def test_prometheus_takes_the_rules(promtool: str) -> None:
    """Syntax and names, as `promtool check rules` has them."""
    check = subprocess.run([promtool, "check", "rules", RULES], check=False, capture_output=True, text=True, timeout=60)
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.slow
@pytest.mark.parametrize("some", ["faults", "budgets"])
def test_each_fires_on_its_incident_alone(some: str, promtool: str, tmp_path: Path) -> None:
    """At the end of each incident exactly its alerts fire, with their labels and what the pager shows."""
    incidents, every = (INCIDENTS, "1m") if some == "faults" else (BURNING, "4m")
    tests = [unit(name, incident) for name, incident in incidents.items()]
    path = tmp_path / "tests.yml"
    path.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": every, "tests": tests}))
    ended = subprocess.run([promtool, "test", "rules", path], check=False, capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stdout[-3_000:] + ended.stderr[-3_000:]


def unit(name: str, incident: Incident) -> dict[str, Any]:
    """One unit test in promtool's words."""
    return {
        "name": name,
        "interval": f"{incident.every_minutes}m",
        "input_series": [{"series": series, "values": values} for series, values in incident.series().items()],
        "alert_rule_test": [
            {
                "eval_time": f"{(incident.samples - 1) * incident.every_minutes // 20 * 20}m",
                "alertname": alert.name,
                "exp_alerts": expected(alert.name, incident.fires),
            }
            for alert in ALERTS
        ],
    }


def expected(name: str, fires: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """The alert as it fires; nothing where it is not to."""
    if name not in fires:
        return []
    [alert] = [each for each in ALERTS if each.name == name]
    return [
        {"exp_labels": {"severity": alert.severity, **fires[name]}, "exp_annotations": prometheus.annotations(alert)}
    ]
