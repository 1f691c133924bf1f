"""Pages: an eval's report for people, as Markdown and as one HTML file. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from penchant.offline.eval.measures import SCORED

Plots = Mapping[str, str]
"""SVG texts by name."""


class Block(NamedTuple):
    """A part of a page: a heading, a paragraph, a table (its first row is the head), or a plot by its name."""

    kind: str
    text: str = ""
    rows: Sequence[Sequence[str]] = ()


def markdown(report: Mapping[str, Any], plots: Plots) -> str:
    """The report; plots are files beside it."""
    return "\n\n".join(_marked(block) for block in _blocks(report, plots)) + "\n"


def html(report: Mapping[str, Any], plots: Plots) -> str:
    """The report as one file, its plots in it."""
    body = "\n".join(_tagged(block, plots) for block in _blocks(report, plots))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Eval</title>\n{_STYLE}\n{body}\n</html>\n'
    )


def _blocks(report: Mapping[str, Any], plots: Plots) -> Iterator[Block]:
    names = list(report["scores"])
    yield Block("heading", f"Eval on {report['recording']}")
    mixed = ", shuffled across shoppers" if report["shuffled"] else ""
    yield Block(
        "text",
        f"{report['events']:,} events{mixed}; {report['cases']:,} cuts of {report['sessions']:,} sessions; seed "
        f"{report['seed']}; commit {report['commit']}. Brackets are 95 % intervals of a bootstrap by session.",
    )
    for text in _notes(report):
        yield Block("text", text)
    yield Block("heading", "Scores")
    yield Block("table", rows=_scores(report, names))
    for name in plots:
        yield Block("plot", name)
    yield Block("heading", "Who beats whom")
    yield Block(
        "text", "What a predictor gains over another; positive is better. Brackets are the interval of the difference."
    )
    yield Block("table", rows=_comparisons(report))
    if report["models"]:
        yield Block("heading", "Answers")
        yield Block("table", rows=_models(report["models"]))
    if "judge" in report:
        yield Block("heading", "Judge")
        yield Block("table", rows=[("", ""), *((name, str(value)) for name, value in report["judge"].items())])


def _notes(report: Mapping[str, Any]) -> Iterator[str]:
    check = report["check"]
    state = "fell to chance, as it must" if check["passed"] else "DID NOT FALL TO CHANCE: trust nothing of this"
    yield (
        f"The harness: on events shuffled across shoppers everything but the oracle {state}; the farthest of "
        f"{check['scores']} scores was {check['farthest']} standard errors away."
    )
    if (share := report["reachable_share"]) is not None:
        yield (
            f"At {share:.1%} of the switches the next category stands in the window at all, and an intent that "
            "learned nothing from other shoppers names no other."
        )
    yield (
        "`oracle` knows what comes: its column is the most that any answer can score, held by grounding as a model is. "
        "`oracle, learned` may choose among what other shoppers went on to as well. "
        "`parrot` repeats the prompt's example, `random` picks among the window's names. Of their answers anything was "
        f"kept in {', '.join(f'{share:.1%} ({name})' for name, share in report['bounds'].items())} of the cases."
    )
    for name, model in report["models"].items():
        if share := model["by_rules_share"]:
            yield (
                f"{share:.1%} of the answers of `{name}` were none, or said nothing that holds. In its column the "
                f"rules stand in there, as they would in service; in `{name}, alone` nobody does."
            )
        if model["simulation"]:
            yield (
                f"`{name}` is a simulation: {model['what']}. It counts as the rules do, so its column shows that the "
                "harness works and says nothing of a language model."
            )


def _scores(report: Mapping[str, Any], names: Sequence[str]) -> list[list[str]]:
    rows = [["measure", "better", *names, "chance, for the last", "cuts"]]
    for measure in SCORED:
        found = {name: report["scores"][name][measure.name] for name in names if measure.name in report["scores"][name]}
        if not found:
            continue
        latest = next(reversed(found.values()))
        chance = "" if latest["chance"] is None else _number(latest["chance"])
        cells = [_cell(found.get(name)) for name in names]
        rows.append([f"{measure.name}: {measure.says}", measure.better or "-", *cells, chance, f"{latest['cases']:,}"])
    return rows


def _cell(score: Mapping[str, Any] | None) -> str:
    if score is None:
        return ""
    low, high = score["interval"]
    return f"{_number(score['value'])} [{_number(low)}, {_number(high)}]"


def _comparisons(report: Mapping[str, Any]) -> list[list[str]]:
    rows = [["measure", "predictor", "over", "gained", "95 %", "verdict"]]
    for each in report["comparisons"]:
        low, high = each["interval"]
        span = f"[{_number(low)}, {_number(high)}]"
        rows.append(
            [each["measure"], each["predictor"], each["against"], _number(each["gained"]), span, each["verdict"]]
        )
    return rows


def _models(models: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    fields = [name for name in next(iter(models.values())) if name not in {"simulation", "intervals"}]
    return [["", *models], *([name, *(_with_interval(model, name) for model in models.values())] for name in fields)]


def _with_interval(model: Mapping[str, Any], name: str) -> str:
    low, high = model["intervals"].get(name, (None, None))
    return str(model[name]) if low is None else f"{model[name]} [{low}, {high}]"


def _number(value: float) -> str:
    return f"{value:.3f}".replace("-0.000", "0.000")


def _marked(block: Block) -> str:
    if block.kind == "heading":
        return f"## {block.text}"
    if block.kind == "plot":
        return f"![{block.text}]({block.text}.svg)"
    if block.kind == "table":
        head, *rows = block.rows
        lines = [head, ["---"] * len(head), *rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)
    return block.text


def _tagged(block: Block, plots: Plots) -> str:
    if block.kind == "heading":
        return f"<h2>{escape(block.text)}</h2>"
    if block.kind == "plot":
        return f"<figure>{plots[block.text]}</figure>"
    if block.kind == "table":
        head, *rows = block.rows
        return f"<table>\n{_row(head, 'th')}\n" + "\n".join(_row(row, "td") for row in rows) + "\n</table>"
    return f"<p>{escape(block.text)}</p>"


def _row(cells: Iterable[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


_STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1c1c1c; }
table { border-collapse: collapse; font-size: 13px; }
td, th { border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
</style>"""
