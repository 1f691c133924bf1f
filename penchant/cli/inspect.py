"""penchant inspect: everything there is about one shopper, and why the intent is as old as it is."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from penchant.cli.options import Config, Json, login
from penchant.operations.control import note_shoppers
from penchant.operations.inspection import access as held
from penchant.operations.inspection import ask, printout, shopper_report
from penchant.operations.inspection.masking import answer_without_texts, without_texts
from penchant.operations.inspection.stalest import Stale, stalest
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings

Shopper = Annotated[str | None, typer.Argument(metavar="SHOPPER", help="Whose intent.", show_default=False)]
Stalest = Annotated[
    int | None,
    typer.Option("--stalest", metavar="N", min=1, max=1_000, help="Instead: the latest intents, worst first."),
]
Scan = Annotated[int, typer.Option(min=1, help="How many intents --stalest looks at.")]
Ask = Annotated[bool, typer.Option("--ask", help="Ask the model now, and show what grounding takes from its answer.")]
AccessFile = Annotated[
    Path | None,
    typer.Option("--access", metavar="FILE", help="Instead: write all that is held of the shopper, as JSON, for them."),
]
WholePrompt = Annotated[bool, typer.Option("--prompt", help="Show the whole prompt.")]

Raw = Annotated[bool, typer.Option("--raw", help="Show titles, searches and what a model wrote; they tell of people.")]
NOBODY = 1
"""The exit status where nothing is known of the shopper."""


def inspect(
    *,
    shopper: Shopper = None,
    worst: Stalest = None,
    scan: Scan = 1_000_000,
    ask_now: Ask = False,
    whole_prompt: WholePrompt = False,
    raw: Raw = False,
    access: AccessFile = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show a shopper's intent, session, prompt and positions, and why the intent is as old as it is.

    It reads only. Where the time went stands as a bar chart, with the largest part named; the topic is searched for
    events that came since. Titles, searches and what a model wrote freely have an x for each letter, unless --raw is
    given, which the activity log keeps. Exit status 1 when nothing is known of the shopper.

    Examples: penchant inspect 541312140

    penchant inspect 541312140 --ask --json

    penchant inspect 541312140 --access held.json

    penchant inspect --stalest 20
    """
    if (shopper is None) == (worst is None):
        raise typer.BadParameter("name a shopper, or give --stalest N", param_hint="SHOPPER")
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    if worst is not None:
        found, looked = asyncio.run(stalest(settings, worst, scan))
        _tell_stalest(found, looked, json=json)
    elif shopper is not None and access is not None:
        access.write_bytes(asyncio.run(held.access(settings, shopper)).as_json())
    elif shopper is not None:
        seen, asked = _seen(settings, shopper, raw=raw, ask_now=ask_now)
        _tell(seen, asked, json=json, whole_prompt=whole_prompt)


def _tell(seen: shopper_report.ShopperReport, asked: ask.Asked | None, *, json: bool, whole_prompt: bool) -> None:
    if json:
        typer.echo(orjson.dumps(printout.report(seen, asked)))
    else:
        printout.show(Console(), seen, asked, whole_prompt=whole_prompt)
    if seen.is_unknown:
        raise typer.Exit(NOBODY)


def _seen(
    settings: Settings, shopper: str, *, raw: bool, ask_now: bool
) -> tuple[shopper_report.ShopperReport, ask.Asked | None]:
    """What is to be shown; with texts only after the log knows who wanted them."""
    if raw:
        asyncio.run(note_shoppers(settings, "unmasking", "inspect", [shopper], login()))
    seen, asked = asyncio.run(_look(settings, shopper, ask_now=ask_now))
    return (seen, asked) if raw else (without_texts(seen), asked and answer_without_texts(asked))


async def _look(
    settings: Settings, shopper: str, *, ask_now: bool
) -> tuple[shopper_report.ShopperReport, ask.Asked | None]:
    seen = await shopper_report.gather(settings, shopper)
    if not ask_now or seen.session is None or seen.prompt is None:
        return seen, None
    return seen, await ask.ask(settings, shopper, seen.session, seen.prompt)


def _tell_stalest(found: list[Stale], looked: int, *, json: bool) -> None:
    if json:
        typer.echo(orjson.dumps({"looked_at": looked, "stalest": [each._asdict() for each in found]}))
        return
    table = Table(title=f"the latest of {looked:,} intents", title_justify="left")
    for name in ("shopper", "late", "waiting", "by", "largest part"):
        table.add_column(name, justify="right" if name == "late" else "left", no_wrap=name == "largest part")
    for each in found:
        waits = "yes" if each.owed else ""
        table.add_row(each.shopper, f"{each.late_ms / 1e3:,.1f} s", waits, each.replica or each.source, each.reason)
    Console().print(table)
