"""Plots: the report of goodput as pictures, the same bytes for the same report. Needs matplotlib."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = {"per event": "#9aa0a6", "debounced": "#c58b2a", "penchant": "#1a6b54"}
STYLE: Any = {
    "svg.hashsalt": "penchant",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
}
NO_DATE = {"Date": None, "Creator": "penchant bench"}


def draw_goodput(report: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the pictures into a folder, which is made; returns them."""
    drawings: dict[str, tuple[Callable[[Axes, Mapping[str, Any]], None], bool]] = {
        "goodput-freshness": (_freshness, True),
        "goodput-cost": (_cost, True),
        "goodput-without": (_without, bool(report["without"])),
        "goodput-sensitivity": (_sensitivity, bool(report["sensitivity"])),
    }
    return [
        save(folder / f"{name}.svg", lambda axes, draw=draw: draw(axes, report))  # type: ignore[misc]  # a default binds it
        for name, (draw, there) in drawings.items()
        if there
    ]


def save(path: Path, *draw: Callable[[Axes], None], size: tuple[float, float] = (7.0, 3.6)) -> Path:
    """Draw one below the other, with one x axis, and write them as SVG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(len(draw), 1, sharex=True, squeeze=False)
        for each, axes in zip(draw, panels[:, 0], strict=True):
            each(axes)
        figure.savefig(path, format="svg", metadata=NO_DATE)
    return path


def _freshness(axes: Axes, report: Mapping[str, Any]) -> None:
    for system, rows in _by_system(report).items():
        loads = [row["load"] for row in rows]
        axes.plot(loads, [row["fresh_share"] * 100 for row in rows], "o-", color=COLOURS[system], label=system)
        urgent = [row["urgent_fresh_share"] * 100 for row in rows]
        axes.plot(loads, urgent, "s--", color=COLOURS[system], label=f"{system}, urgent", markerfacecolor="white")
    _load_axis(axes, report)
    axes.set_ylabel("intents within 5 s, %")
    axes.set_ylim(-3, 103)
    axes.legend(frameon=False, fontsize="small", ncols=2)


def _cost(axes: Axes, report: Mapping[str, Any]) -> None:
    for system, rows in _by_system(report).items():
        known = [row for row in rows if row["gpu_s_per_fresh_intent"]]
        costs = [row["gpu_s_per_fresh_intent"] for row in known]
        axes.plot([row["load"] for row in known], costs, "o-", color=COLOURS[system], label=system)
    _load_axis(axes, report)
    axes.set_yscale("log")
    axes.set_ylabel("GPU seconds per fresh intent")
    axes.legend(frameon=False, fontsize="small")


def _without(axes: Axes, report: Mapping[str, Any]) -> None:
    rows = report["without"]
    places = range(len(rows))
    axes.bar(places, [row["held"] * 100 for row in rows], 0.6, color=COLOURS["penchant"])
    for at, row in zip(places, rows, strict=True):
        axes.annotate(f"{row['held']:.0%}", (at, row["held"] * 100 + 1), ha="center", fontsize="small")
    axes.set_xticks(
        list(places), [row["without"].replace("nothing", "with all").replace(" of the ", "\nof the ") for row in rows]
    )
    axes.tick_params(axis="x", labelsize="x-small")
    axes.set_ylabel("events/s that are held, %")
    axes.set_xlabel("without")
    axes.set_ylim(0, 112)


def _sensitivity(axes: Axes, report: Mapping[str, Any]) -> None:
    rows: Sequence[Mapping[str, Any]] = report["sensitivity"]
    names = list(dict.fromkeys(row["parameter"] for row in rows))
    for shift, factor, colour in ((-0.2, 0.5, "#9fd3c1"), (0.2, 2.0, COLOURS["penchant"])):
        costs = {row["parameter"]: row["cost"] for row in rows if row["factor"] == factor and row["operator_rate"]}
        places = [at + shift for at, name in enumerate(names) if costs.get(name)]
        heights = [costs[name] for name in names if costs.get(name)]
        axes.bar(places, heights, 0.4, color=colour, label=f"times {factor:g}")
    axes.axhline(0.2, color="#b3261e", linewidth=1, linestyle=":", label="a fifth")
    axes.set_xticks(range(len(names)), [name.replace("_", "\n", 1) for name in names])
    axes.tick_params(axis="x", labelsize="x-small")
    axes.set_ylabel("cost of a fresh intent\nbeside one call an event")
    axes.set_ylim(0, 1.3 * max(row["cost"] or 0.0 for row in rows if row["operator_rate"]))
    axes.legend(frameon=False, fontsize="small", ncols=3)


def _load_axis(axes: Axes, report: Mapping[str, Any]) -> None:
    loads = sorted({row["load"] for row in report["loads"]})
    axes.set_xscale("log")
    axes.set_xticks(loads, [f"{load:g}" for load in loads])
    axes.minorticks_off()
    axes.set_xlabel(f"load; 1 is {report['unit_rate']:g} events/s, which one call an event just holds")


def _by_system(report: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """The first seed's rows, by load."""
    seed = min(row["seed"] for row in report["loads"])
    rows = sorted((row for row in report["loads"] if row["seed"] == seed), key=lambda row: float(row["load"]))
    return {name: [row for row in rows if row["system"] == name] for name in COLOURS}
