"""View: a demonstration on a terminal, while it runs and after it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from agents.match.messages import messages
from penchant.demo.examples import Example
from penchant.demo.match import MatchExample
from penchant.demo.stage import Stage
from prompts.words import describe
from streams.records.intents import Findings
from streams.sessions.session import Row

REDRAW_S = 0.25
SHOWN = 8
ROWS = 8


class LiveView:
    """Redraws itself four times a second from what the stage counts."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @asynccontextmanager
    async def __call__(self, stage: Stage) -> AsyncIterator[None]:
        """Show a stage while the block runs."""
        with Live(_picture(stage), console=self._console, auto_refresh=False, transient=True) as live:
            async with asyncio.TaskGroup() as tasks:
                drawing = tasks.create_task(_draw(live, stage))
                yield
                drawing.cancel()


async def _draw(live: Live, stage: Stage) -> None:
    """In the event loop and not in a thread of its own: what is drawn changes there."""
    while True:
        await asyncio.sleep(REDRAW_S)
        live.update(_picture(stage), refresh=True)


@asynccontextmanager
async def no_view(_: Stage) -> AsyncIterator[None]:
    """Show nothing."""
    yield


def show_examples(console: Console, examples: Sequence[Example]) -> None:
    """Each shopper's events and the intent that a ranker reads."""
    for example in examples:
        console.print(Panel(_example(example), title=f"shopper {example.shopper}", title_align="left"))


def _example(example: Example) -> Group:
    """Text of the shop's is never taken for the terminal's markup."""
    intent, left_out = example.intent, len(example.rows) - ROWS
    findings = Findings.model_validate({name: intent.doc[name] for name in Findings.model_fields if name in intent.doc})
    age_s = (intent.age or timedelta()).total_seconds()
    told = (
        f"mission {intent.mission}, stage {intent.stage}, category {intent.category or 'none'}, "
        f"confidence {intent.confidence:.2f}, by {intent.source}, {age_s:.1f} s after the last event"
    )
    before = [Text(f"  … {left_out} more before")] if left_out > 0 else []
    return Group(*before, _rows(example.rows[-ROWS:]), "", Text(describe(findings), "bold"), Text(told))


def _rows(rows: Sequence[Row]) -> Table:
    table = Table.grid("", "", Column(ratio=1), Column(justify="right", no_wrap=True), padding=(0, 2), expand=True)
    for row in rows:
        clock = Text(f"  {time.strftime('%H:%M:%S', time.gmtime(row.time_ms / 1e3))}")
        if row.item is None:
            table.add_row(clock, row.action, Text(row.query or ""), "")
            continue
        price = f"{row.item.price:.2f} {row.item.currency or ''}".rstrip() if row.item.price is not None else ""
        table.add_row(clock, row.action, Text(row.item.title or row.item.id), Text(price, "dim"))
    return table


def show_match(console: Console, match: MatchExample) -> None:
    """The products, the fittest first, each with what speaks for it and against it."""
    words, lines = messages("en"), list[str]()
    for place, each in enumerate(match.found.ranked, 1):
        item = match.items[each.product]
        price = f", {item.price:.2f} {item.currency or ''}".rstrip() if item.price else ""
        lines.append(f"{place}. {item.title or item.id}{price}")
        lines += [f"     + {words.text(reason)}" for reason in each.reasons.pro]
        lines += [f"     - {words.text(reason)}" for reason in each.reasons.con]
    title = f"which of these fits shopper {match.found.shopper}? (penchant match)"
    console.print(Panel(Text("\n".join(lines)), title=title, title_align="left"))


def show_report(console: Console, report: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table(title="What it came to", show_header=False, title_justify="left")
    for name, value in report.items():
        shown = ", ".join(f"{key}: {part}" for key, part in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(name.replace("_", " "), shown)
    console.print(table)


def _picture(stage: Stage) -> Group:
    meter, played = stage.worker.meter, stage.player.played
    fresh = meter.percentiles() or {}
    figures = Table.grid(padding=(0, 3))
    figures.add_row("events", f"{played.sent:,}", f"{played.events_per_second:,.0f}/s", f"{played.shoppers:,} shoppers")
    figures.add_row("calls", f"{meter.calls:,}", f"{meter.in_flight} in flight", f"{meter.call_failures:,} failed")
    figures.add_row(
        "intents", f"{meter.intents:,}", f"{meter.rules_intents:,} by rules", f"{meter.dead_letters} refused"
    )
    figures.add_row("fresh after", *(f"{name} {value / 1e3:.1f} s" for name, value in fresh.items()))
    by_model = meter.model_percentiles() or {}
    figures.add_row("by the model", *(f"{name} {value / 1e3:.1f} s" for name, value in by_model.items()))
    intents = [Text(f"{intent.shopper:>12}  {describe(intent)}", no_wrap=True, overflow="ellipsis")
               for intent in list(meter.latest)[-SHOWN:]]  # fmt: skip
    parts: list[Any] = [
        Text(" · ".join(stage.components.values()), style="dim"),
        Panel(figures, title=f"{time.strftime('%X')}", title_align="left"),
        Panel(Group(*intents), title="latest intents", title_align="left", height=SHOWN + 2),
    ]
    return Group(*parts, *(Text(notice, style="yellow") for notice in stage.notices))
