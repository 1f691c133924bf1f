"""Page: a report of `penchant whatif` as one HTML file, without scripts and without requests to anywhere. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from penchant.offline.whatif.figures import MEANINGS
from penchant.offline.whatif.real_answers import REAL_MEANINGS

PICTURED = {
    "calls": "Calls to the model",
    "dollars_needed": "Dollars of GPU time, at 70 % busy",
    "freshness_p95_s": "Freshness in seconds, 95 % of intents within",
    "in_time_for_next": "Share of events that the model covers before the next one",
}
"""What most people ask first: a bar for each way to run it."""

SHOWN = 0.0005
"""A smaller change is none."""

BAR_PX, ROW_PX, LEFT_PX = 360, 26, 270
STYLE = """
:root { --ink: #1c2330; --dim: #667085; --line: #e3e6ea; --bar: #9aa7b8; --first: #3f6fb5; --ground: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --dim: #98a2b3; --line: #323a46; --bar: #5a6677; --first: #7aa5e6; --ground: #161b22 }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1rem; margin: 1.6rem 0 .2rem } p { color: var(--dim); margin: .2rem 0 .6rem }
div { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top }
.figure { text-align: right; font-variant-numeric: tabular-nums } td.figure { white-space: nowrap }
td:last-child { color: var(--dim) } svg { max-width: 100%; height: auto } svg text { fill: var(--ink); font-size: 13px }
"""


def page(report: Mapping[str, Any]) -> str:
    """The report as `--json` prints it, with a picture of what most people ask first."""
    ways: Sequence[Mapping[str, Any]] = report["variants"]
    part = f", those of one in {report['each']} shoppers" if report["each"] > 1 else ""
    source = f"{report['source']}: {report['played']:,} events{part} in {report['seconds']:,.0f} s, in virtual time"
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>What if</title>',
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>',
            f"<h1>What if</h1><p>{escape(source)}, before simulated GPUs.</p>",
            "<p>The first way is what the others are held against.</p>",
            *(_picture(name, ways) for name in PICTURED),
            "<h2>All figures</h2><div><table>",
            *_rows(ways),
            "</table></div>",
            *_real(report.get("real_answers") or ()),
            "</html>\n",
        ]
    )


def words(value: float | None, change: float | None) -> str:
    """A figure, and by how much it differs from the first way's where it does."""
    aside = f" ({change:+.1%})" if change is not None and abs(change) >= SHOWN else ""
    return "-" if value is None else f"{value:,}{aside}"


def beside_words(real: float | None, assumed: float | None) -> str:
    """A figure by the model, and what was assumed where that is another one."""
    aside = f" (assumed {assumed:,})" if assumed is not None and assumed != real else ""
    return "-" if real is None else f"{real:,}{aside}"


def _real(ways: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What a model said to some of the calls."""
    if not ways:
        return
    names = "".join(f'<th class="figure">{escape(way["name"])}</th>' for way in ways)
    yield "<h2>Answers of a real model</h2><p>To some of the calls, beside what was assumed of all.</p><div><table>"
    yield f"<tr><th>figure</th>{names}<th>what it is</th></tr>"
    for name, meaning in REAL_MEANINGS.items():
        cells = "".join(f'<td class="figure">{beside_words(**way[name])}</td>' for way in ways)
        yield f"<tr><td>{name}</td>{cells}<td>{escape(meaning)}</td></tr>"
    yield "</table></div>"


def _picture(name: str, ways: Sequence[Mapping[str, Any]]) -> str:
    most = max((way[name] or 0.0 for way in ways), default=0.0)
    bars = "".join(_bar(at, way, name, most) for at, way in enumerate(ways))
    width, height = LEFT_PX + BAR_PX + 190, ROW_PX * len(ways)
    picture = f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{name}">{bars}</svg>'
    return f"<h2>{PICTURED[name]}</h2>{picture}"


def _bar(at: int, way: Mapping[str, Any], name: str, most: float) -> str:
    y, width = at * ROW_PX, round(BAR_PX * (way[name] or 0.0) / most) if most else 0
    title, fill = escape(way["name"]), "var(--bar)" if at else "var(--first)"
    label = title if len(way["name"]) <= 34 else f"{escape(way['name'][:33])}…"
    return (
        f"<g><title>{title}</title>"
        f'<text x="{LEFT_PX - 10}" y="{y + 17}" text-anchor="end">{label}</text>'
        f'<rect x="{LEFT_PX}" y="{y + 4}" width="{width}" height="{ROW_PX - 8}" rx="2" fill="{fill}"/>'
        f'<text x="{LEFT_PX + width + 8}" y="{y + 17}">{words(way[name], way["change"][name])}</text></g>'
    )


def _rows(ways: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    names = "".join(f'<th class="figure">{escape(way["name"])}</th>' for way in ways)
    yield f"<tr><th>figure</th>{names}<th>how it is made</th></tr>"
    for name, meaning in MEANINGS.items():
        cells = "".join(f'<td class="figure">{words(way[name], way["change"][name])}</td>' for way in ways)
        yield f"<tr><td>{name}</td>{cells}<td>{escape(meaning)}</td></tr>"
