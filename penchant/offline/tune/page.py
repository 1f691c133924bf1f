"""Page: what `penchant tune` has tried as one HTML file with pictures, without scripts or requests. Pure."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from penchant.offline.tune.report import verdict
from penchant.offline.whatif.page import STYLE

WIDTH, HEIGHT, LEFT, BELOW = 620, 300, 70, 40
PICTURED = {
    "in_time": "Share of events that the model covers before the next one, by dollars",
    "freshness_s": "Freshness in seconds, 95 % of intents within, by dollars",
}

MEANING = (
    "Joined are those of which none other is cheaper, fresher and more often in time at once. Pale ones were given up "
    "after a part of the shoppers."
)
HEAD = "".join(f'<th class="figure">{each}</th>' for each in ("dollars", "in time", "freshness p95, s"))


def page(report: Mapping[str, Any]) -> str:
    """The report as `--json` prints it: a point a way, the front joined."""
    ways: Sequence[Mapping[str, Any]] = report["points"]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Tune</title>',
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>',
            f"<h1>Tune</h1><p>{escape(report['source'])}, in virtual time before simulated GPUs.</p>",
            f"<p>Chosen: {escape(report['chosen']['words'] or 'the settings in force')}.</p>",
            f"<p>{escape(verdict(report))}.</p>",
            f"<p>{MEANING}</p>",
            *(_picture(name, title, report) for name, title in PICTURED.items()),
            "<h2>The front</h2><div><table>",
            f"<tr>{HEAD}<th>settings</th></tr>",
            *(_row(each) for each in ways if each["best"]),
            "</table></div></html>\n",
        ]
    )


def _picture(name: str, title: str, report: Mapping[str, Any]) -> str:
    ways: Sequence[Mapping[str, Any]] = report["points"]
    right = max((each["dollars"] for each in ways), default=0.0) or 1.0
    top = max((each[name] for each in ways), default=0.0) or 1.0

    def place(each: Mapping[str, Any]) -> tuple[float, float]:
        return round(LEFT + each["dollars"] / right * WIDTH, 1), round(10 + HEIGHT * (1 - each[name] / top), 1)

    joined = " ".join(f"{x},{y}" for x, y in (place(each) for each in ways if each["best"]))
    marks = "".join(_mark(each, place(each), each["words"] == report["chosen"]["words"]) for each in ways)
    size = f'viewBox="0 0 {LEFT + WIDTH + 30} {HEIGHT + BELOW + 10}" width="{LEFT + WIDTH + 30}"'
    return (
        f'<h2>{escape(title)}</h2><svg {size} role="img" aria-label="{escape(title)}">'
        f'<path d="M{LEFT} 10V{HEIGHT + 10}H{LEFT + WIDTH}" fill="none" stroke="var(--line)"/>'
        f'<polyline points="{joined}" fill="none" stroke="var(--first)"/>{marks}'
        f'<text x="{LEFT - 8}" y="18" text-anchor="end">{top:,.3g}</text>'
        f'<text x="{LEFT - 8}" y="{HEIGHT + 14}" text-anchor="end">0</text>'
        f'<text x="{LEFT + WIDTH}" y="{HEIGHT + 32}" text-anchor="end">${right:,.4g}</text></svg>'
    )


def _mark(each: Mapping[str, Any], at: tuple[float, float], chosen: bool) -> str:  # noqa: FBT001 # one of two looks
    fill = "var(--first)" if each["best"] else "var(--bar)"
    ring = ' stroke="var(--ink)" stroke-width="2"' if chosen else ""
    title = escape(f"{each['words'] or 'the settings in force'}: ${each['dollars']:,}, {each['in_time']:.1%} in time")
    pale = 1.0 if each["whole"] else 0.35
    return (
        f'<circle cx="{at[0]}" cy="{at[1]}" r="{7 if chosen else 5}" fill="{fill}" opacity="{pale}"{ring}>'
        f"<title>{title}, {each['freshness_s']} s</title></circle>"
    )


def _row(each: Mapping[str, Any]) -> str:
    figures = (f"{each['dollars']:,}", f"{each['in_time']:.1%}", f"{each['freshness_s']:,}")
    cells = "".join(f'<td class="figure">{value}</td>' for value in figures)
    return f"<tr>{cells}<td>{escape(each['words'] or 'the settings in force')}</td></tr>"
