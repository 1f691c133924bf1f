"""The dashboards, held to the types that Grafana makes of its own schema (grafana-foundation-sdk, Grafana 11.6)."""

import json
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as GrafanaDashboard
from pydantic import ConfigDict, TypeAdapter, ValidationError

from penchant.telemetry.rules.grafana import dashboard
from penchant.telemetry.rules.panels import DASHBOARDS, Dashboard

pytestmark = pytest.mark.slow

LEAF = str | int | float | bool


@pytest.mark.parametrize("described", DASHBOARDS, ids=lambda each: each.uid)
def test_grafana_knows_every_field_and_takes_every_value(described: Dashboard) -> None:
    """What it reads and writes again has all that we wrote, panels and queries included, each value of its type."""
    ours = json.loads(dashboard(described))
    read = grafanas(ours)
    assert list(lost(ours, json.loads(JSONEncoder().encode(read)))) == []
    assert list(mistyped(read)) == []
    assert {type(target).__module__.rpartition(".")[2] for panel in read.panels or [] for target in targets(panel)} == {
        "prometheus"
    }


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda page: page.update(titel="x"), "/titel is not known"),
        (lambda page: page["panels"][1]["options"]["legend"].update(places="left"), "/panels/1/options/legend/places"),
        (lambda page: page["panels"][1]["targets"][0].update(expression="up"), "/panels/1/targets/0/expression"),
        (lambda page: page["panels"][1]["fieldConfig"]["defaults"].update(min="none"), "FieldConfig.min_val"),
        (lambda page: page["panels"][1]["options"]["legend"].update(displayMode="lis"), "display_mode"),
        (lambda page: page["panels"][1]["gridPos"].update(w="8"), "GridPos.w"),
    ],
)
def test_what_grafana_would_not_take_is_named(change: Any, where: str) -> None:
    """So the test above would notice."""
    ours = json.loads(dashboard(DASHBOARDS[0]))
    change(ours)
    read = grafanas(ours)
    (found,) = [*lost(ours, json.loads(JSONEncoder().encode(read))), *mistyped(read)]
    assert where in found


def grafanas(ours: dict[str, Any]) -> GrafanaDashboard:
    """A dashboard as Grafana's types have it, queries of Prometheus and panels of time series included."""
    register_default_plugins()
    return GrafanaDashboard.from_json(ours)


def targets(panel: Any) -> list[Any]:
    """The queries of a panel; a row has none."""
    return getattr(panel, "targets", None) or []


def lost(ours: Any, theirs: Any, at: str = "") -> Iterator[str]:
    """What we wrote and they do not write again."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            if name in theirs:
                yield from lost(value, theirs[name], f"{at}/{name}")
            else:
                yield f"{at}/{name} is not known"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(*pair, f"{at}/{number}")
    elif ours != theirs:
        yield f"{at} is {theirs!r}, not {ours!r}"


def mistyped(one: Any) -> Iterator[str]:
    """Values of other types than the fields of Grafana's classes have."""
    if isinstance(one, list | dict):
        for each in one.values() if isinstance(one, dict) else one:
            yield from mistyped(each)
    elif type(one).__module__.startswith("grafana_foundation_sdk.models") and hasattr(one, "__dict__"):
        for name, hint in get_type_hints(type(one)).items():
            value = getattr(one, name)
            if isinstance(value, LEAF) and not fits(hint, value):
                yield f"{type(one).__name__}.{name}: {value!r} is no {hint}"
            yield from mistyped(value)


def fits(hint: Any, value: LEAF) -> bool:
    """Whether a value of JSON is one of that type."""
    try:
        kind: TypeAdapter[Any] = TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
        kind.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return False
    return True
