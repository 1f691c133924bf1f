"""Timeline: the picture of an incident, second by second. Needs matplotlib."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from benchmarks.goodput.freshness import WITHIN_S
from benchmarks.goodput.plots import COLOURS, save

SHADES = {"first": ("#1a6b54", "#3f9c7f", "#7fc4ac"), "second": ("#c58b2a", "#e3b96b"), "canary": ("#7b4fa3",)}
NEVER_S = 15.0
"""Where an event is drawn whose intent never came."""

ABOVE = 1.05
"""How far the axis goes beyond the slowest; what happened is written over it."""


def draw_incident(report: Mapping[str, Any], folder: Path) -> Path:
    """Write the picture into a folder, which is made."""
    panels = (_freshness, _in_flight, _limits)
    return save(
        folder / "incident.svg",
        *(lambda axes, draw=draw: _panel(axes, report, draw) for draw in panels),
        size=(10.0, 7.5),
    )


def _panel(axes: Axes, report: Mapping[str, Any], draw: Any) -> None:
    draw(axes, report)
    for each in report["happened"]:
        axes.axvline(each["at_s"], color="#444444", linewidth=0.8)
    for each in report["notices"]:
        axes.axvline(each["at_s"], color="#b3261e", linewidth=0.8, linestyle=":")


def _freshness(axes: Axes, report: Mapping[str, Any]) -> None:
    top_s = NEVER_S
    for kind, style in (("all", "-"), ("urgent", "--")):
        rows = [row for row in report["freshness"] if row[kind]]
        times = [row[kind]["p95"] if row[kind]["p95"] is not None else NEVER_S for row in rows]
        top_s = max(top_s, *times)
        axes.plot([row["at_s"] for row in rows], times, style, color=COLOURS["penchant"], label=f"p95, {kind}")
    axes.axhline(WITHIN_S, color="#b3261e", linewidth=0.8, linestyle=":")
    axes.set_ylim(0, top_s * ABOVE)
    for number, each in enumerate(report["happened"]):  # in turns on two lines: two of them may be close together
        height_s = top_s * (ABOVE + 0.02 + 0.09 * (number % 2))
        axes.annotate(each["what"], (each["at_s"], height_s), fontsize="x-small", annotation_clip=False)
    axes.set_ylabel("freshness, s")
    axes.legend(frameon=False, fontsize="small", loc="upper left")


def _in_flight(axes: Axes, report: Mapping[str, Any]) -> None:
    _by_replica(axes, report, "in_flight", stacked=True)
    axes.set_ylabel("calls in flight")
    axes.legend(frameon=False, fontsize="x-small", loc="upper left", ncols=6)


def _limits(axes: Axes, report: Mapping[str, Any]) -> None:
    _by_replica(axes, report, "limit", stacked=False)
    seen: dict[float, list[str]] = {}
    for each in report["notices"]:
        seen.setdefault(each["at_s"], []).append(f"{each['who']} {each['kind']}")
    for at_s, words in seen.items():
        axes.annotate(f" {', '.join(words)}", (at_s, 1), rotation=90, va="bottom", ha="right", fontsize="x-small")
    axes.set_ylabel("limit of calls (0: out)")
    axes.set_xlabel("seconds")


def _by_replica(axes: Axes, report: Mapping[str, Any], name: str, *, stacked: bool) -> None:
    seconds = report["seconds"]
    times = [row["at_s"] for row in seconds]
    replicas = list(seconds[0]["replicas"])
    values = [[_value(row["replicas"][each], name, stacked) for row in seconds] for each in replicas]
    colours = [SHADES[each.partition("-")[0]][int(each.partition("-")[2]) - 1] for each in replicas]
    if stacked:
        axes.stackplot(times, values, labels=replicas, colors=colours)
        return
    for each, colour, line in zip(replicas, colours, values, strict=True):
        axes.plot(times, line, color=colour, label=each)


def _value(replica: Mapping[str, Any], name: str, stacked: bool) -> int:  # noqa: FBT001 (as its caller was asked)
    return 0 if replica["state"] == "out" and not stacked else int(replica[name])
