"""Plots: scores with their intervals, and how sure the predictors are of what they get right. Needs matplotlib."""

import io
from collections.abc import Mapping
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from penchant.offline.eval.measures import SCORED

SHOWN = ("switch_rank", "brand_hit", "band_score", "purchase_auc", "purchase_log_loss")
COLOURS = ("#9aa0a6", "#c58b2a", "#7a6fb0", "#1a6b54", "#b0413e", "#2f6fa8", "#444444")
STYLE: Any = {
    "svg.hashsalt": "penchant",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
NO_DATE = {"Date": None, "Creator": "penchant eval"}


def plots(report: Mapping[str, Any]) -> dict[str, str]:
    """SVG by name; the same bytes for the same report."""
    return {"scores": _scores(report), "calibration": _calibration(report)}


def _scores(report: Mapping[str, Any]) -> str:
    known = [name for name in SHOWN if any(name in scores for scores in report["scores"].values())]
    with rc_context(STYLE):
        figure = Figure(figsize=(7.0, 1.3 * len(known)), layout="constrained")
        panels = figure.subplots(len(known), 1, squeeze=False)
        for name, axes in zip(known, panels[:, 0], strict=True):
            _intervals(axes, report, name)
        return _svg(figure)


def _intervals(axes: Axes, report: Mapping[str, Any], name: str) -> None:
    found = [(who, scores[name]) for who, scores in report["scores"].items() if name in scores]
    for at, (who, score) in enumerate(found):
        axes.plot(score["interval"], [at, at], color=_colour(report, who))
        axes.plot([score["value"]], [at], "o", color=_colour(report, who))
    axes.set_yticks(range(len(found)), [who for who, _ in found], fontsize="small")
    axes.set_ylim(len(found) - 0.5, -0.5)
    better = next(each.better for each in SCORED if each.name == name)
    axes.set_title(f"{name} ({better} is better)", fontsize="small", loc="left")


def _calibration(report: Mapping[str, Any]) -> str:
    with rc_context(STYLE):
        figure = Figure(figsize=(4.2, 3.8), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#cccccc", linewidth=1)
        for name, bins in report["reliability"].items():
            colour = _colour(report, name)
            axes.plot([said for said, *_ in bins], [came for _, came, _ in bins], "o-", color=colour, label=name)
        axes.set_xlabel("confidence")
        axes.set_ylabel("first category is the next one's")
        axes.legend(frameon=False, fontsize="small")
        return _svg(figure)


def _colour(report: Mapping[str, Any], name: str) -> str:
    """The same for a predictor everywhere."""
    return COLOURS[list(report["scores"]).index(name) % len(COLOURS)]


def _svg(figure: Figure) -> str:
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata=NO_DATE)
    text = written.getvalue()
    return text[text.index("<svg") :]
