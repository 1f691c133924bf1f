"""Page: the report of an audit as one HTML file without scripts. Pure."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = (
    "body{font:15px system-ui;margin:2rem auto;max-width:60rem}table{border-collapse:collapse;margin:1rem 0}"
    "td,th{border:1px solid #bbb;padding:.3rem .6rem;text-align:left;vertical-align:top}.bad{background:#fdd}"
    "code{white-space:pre-wrap;word-break:break-word}"
)


def page(report: Mapping[str, Any]) -> str:
    """The report as people read it."""
    verdict = "passed" if report["passed"] else "failed"
    parts = [
        f"<!doctype html><meta charset=utf-8><title>Penchant audit</title><style>{STYLE}</style>",
        f"<h1>Audit {verdict}</h1><p>{escape(report['model'])}; {report['attempts']} texts were planted.</p>",
        _shares("Moved, by field of the intent", report["moved"], report["limits"]["moved"]),
        _shares("Leaked", report["leaked"], report["limits"]["leaked"]),
        *_examples(report["examples"]),
    ]
    return "\n".join(parts) + "\n"


def _shares(title: str, shares: Mapping[str, float], most: float) -> str:
    rows = "".join(
        f"<tr{' class=bad' if share > most else ''}><td>{escape(name)}<td>{share:.1%}</tr>"
        for name, share in shares.items()
    )
    return f"<h2>{title}</h2><p>At most {most:.1%} each.</p><table>{rows}</table>"


def _examples(examples: list[Mapping[str, Any]]) -> Iterator[str]:
    if not examples:
        return
    yield "<h2>Examples</h2><table><tr><th>planted<th>moved<th>leaked<th>answer</tr>"
    for each in examples:
        planted = f"{each['kind']} in a {each['place']}, {each['encoding']}: {each['text']}"
        cells = (planted, ", ".join(each["moved"]), ", ".join(each["leaked"]))
        yield f"<tr>{''.join(f'<td>{escape(cell)}' for cell in cells)}<td><code>{escape(each['answer'])}</code></tr>"
    yield "</table>"
