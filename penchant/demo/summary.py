"""Summary: what a demonstration came to, on one screen of 80 by 24; all figures stand in its JSON and the console."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from agents.match.messages import messages
from agents.match.ranking import Ranked
from agents.match.reasons import Reason
from penchant.demo.examples import Example, sentence
from penchant.demo.match import MatchExample
from streams.events.event import Item

INDENT = "    "
TITLE = 40
"""Columns of a title that shares its line with the reasons."""


def show_shoppers(console: Console, examples: Sequence[Example], matches: Sequence[MatchExample]) -> None:
    """What each wants, and which products fit: all three for the first shopper, the best for the others."""
    matched = {each.found.shopper: each for each in matches}
    for place, example in enumerate(examples):
        wanted, match = Text(f"{example.shopper}: {sentence(example.intent)}", "bold"), matched.get(example.shopper)
        if place:
            _print_line(console, wanted)
        else:
            console.print(wanted)
        if match is not None:
            (_show_best if place else _show_all)(console, match)


def _show_all(console: Console, match: MatchExample) -> None:
    for place, each in enumerate(match.found.ranked, 1):
        item = match.items[each.product]
        line = Table.grid(Column(ratio=1, no_wrap=True, overflow="ellipsis"), Column(no_wrap=True), expand=True)
        line.add_row(Text(f"  {place} {item.title or item.id}"), Text(price(item), "dim"))
        console.print(line)
        _print_line(console, reasons(Text(INDENT), each, console.width))


def _show_best(console: Console, match: MatchExample) -> None:
    best = match.found.ranked[0]
    item = match.items[best.product]
    title = Text(f"  1 {item.title or item.id}")
    title.truncate(TITLE, overflow="ellipsis", pad=True)
    title.append("  ")
    _print_line(console, reasons(title, best, console.width))


def reasons(line: Text, ranked: Ranked, width: int) -> Text:
    """The line, and on it what speaks for the product and against it, the strongest of each first, as many as fit."""
    words, first = messages("en"), True
    for mark, style, reason in _in_turns(ranked.reasons.pro, ranked.reasons.con):
        part = f"{mark} {words.text(reason)}  "
        if not first and line.cell_len + len(part.rstrip()) > width:
            break
        line.append(part, style)
        first = False
    return line


def _in_turns(pro: Sequence[Reason], con: Sequence[Reason]) -> Iterable[tuple[str, str, Reason]]:
    """The first for, the first against, and then the others."""
    fors, againsts = [("✓", "green", each) for each in pro], [("✗", "red", each) for each in con]
    return [*fors[:1], *againsts[:1], *fors[1:], *againsts[1:]]


def price(item: Item) -> str:
    """With its currency; nothing where the event did not tell it."""
    return f"{item.price:.2f} {item.currency or ''}".rstrip() if item.price else ""


def show_figures(console: Console, report: Mapping[str, Any]) -> None:
    """Six lines: calls, in time, nothing lost, cache, cost, and what is simulated."""
    table = Table.grid(padding=(0, 2))
    for name, line in lines(report).items():
        table.add_row(Text(name, "bold"), line)
    console.print(table)


def lines(report: Mapping[str, Any]) -> dict[str, str]:
    """By name; what cannot be said yet says so."""
    return {
        "calls": f"{report['calls']:,} for {report['events']:,} events: {_spared(report)}",
        "in time": _in_time(report["in_time_for_next"]),
        "lost": _lost(report),
        "cached": _cached(report["cached_token_share"]),
        "cost": _cost(report["cost"]),
        "simulated": "; ".join(report["simulated"]) or "nothing",
    }


def _spared(report: Mapping[str, Any]) -> str:
    spared = max(report["events"] - report["calls"], 0)
    return f"{spared:,} spared, as events join the owed call"


def _in_time(shares: Mapping[str, float] | None) -> str:
    if shares is None:
        return "nobody has gone on yet"
    return f"{shares['any']:.0%} of events had their intent before the shopper's next one"


def _lost(report: Mapping[str, Any]) -> str:
    refused, missing = report["dead_letters"], report["sent"] - report["events"] - report["dead_letters"]
    if missing > 0:
        return f"{missing:,} events are not taken in yet"
    return f"nothing: {report['events']:,} events taken in, {refused:,} refused as dead letters"


def _cached(share: float | None) -> str:
    if share is None:
        return "the model does not say"
    return f"{share:.0%} of the prompts' tokens were in the model's cache"


def _cost(cost: Mapping[str, Any] | None) -> str:
    if cost is None:
        return "no call was answered"
    return f"${cost['per_1000_intents']:.3f} for 1,000 intents, by {cost['gpu']} at ${cost['per_hour']:g} an hour"


def show_next(console: Console, examples: Sequence[Example], config: Path | None) -> None:
    """Three commands to go on with."""
    shopper = examples[0].shopper if examples else "SHOPPER"
    kept = f"penchant inspect {shopper} --config {config}"
    commands = (
        "penchant demo --events FILE   # a recording of yours",
        "make demo-real                # a real small model",
        kept if config else "penchant demo --keep          # then look: penchant inspect, control, console",
    )
    for command in commands:
        console.print(Text(f"  {command}"), soft_wrap=True)


def _print_line(console: Console, text: Text) -> None:
    """One line, cut where the terminal ends. Text of the shop's is never taken for its markup."""
    console.print(text, no_wrap=True, overflow="ellipsis")
