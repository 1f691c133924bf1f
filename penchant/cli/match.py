"""penchant match: which of some products fit a shopper, and why, or why not."""

import asyncio
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.match.messages import Messages
from agents.match.reasons import Reason
from penchant.cli.options import Config, Json
from penchant.operations import match as matching
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from penchant.worker.use_cases import use_case

ShopperId = Annotated[str, typer.Argument(metavar="SHOPPER", help="Whom they are to fit.")]
Products = Annotated[list[str], typer.Argument(metavar="PRODUCT...", help="The candidates, up to 100.")]
Language = Annotated[str | None, typer.Option(metavar="LANGUAGE", help="Of the reasons, such as en or de.")]
Purpose = Annotated[
    str, typer.Option(metavar="PURPOSE", help="What it is for: nothing is told of shoppers who did not agree to it.")
]

Scores = Annotated[bool, typer.Option("--scores", help="Have the model score the best twenty, in one call.")]


def match(
    *,
    shopper: ShopperId,
    products: Products,
    language: Language = None,
    purpose: Purpose = "",
    scores: Scores = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Put products in the order in which they fit a shopper, each with what speaks for it and against it.

    It reads the shopper's intent and session and the products' cards from Redis, in one round trip. The reasons are
    composed of what intent, session and cards say. No model is asked, unless by --scores: then the best twenty come in
    its order, if it answers within match.deadline_ms.

    Examples: penchant match 541312140 sku-1 sku-2 sku-3

    penchant match 541312140 sku-1 sku-2 --language de --json
    """
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    words = matching.words(settings, language)
    found = asyncio.run(_match(settings, shopper, products, purpose, scores=scores))
    if json:
        typer.echo(orjson.dumps(found.report(words)))
        return
    show(Console(), found, words)


async def _match(
    settings: Settings, shopper: str, products: list[str], purpose: str, *, scores: bool
) -> matching.Matched:
    if not scores:
        return await matching.match(settings, shopper, products, purpose)
    async with use_case(settings, "match") as model:
        await model.probe()  # who answers is found out before the deadline runs
        return await matching.match(settings, shopper, products, purpose, model)


def show(console: Console, found: matching.Matched, words: Messages) -> None:
    """As a table, the fittest first."""
    table = Table(show_lines=True)
    for name in ("product", "for", "against"):
        table.add_column(name, overflow="fold")
    for each in found.ranked:
        cells = (each.product, *(_lines(side, words) for side in (each.reasons.pro, each.reasons.con)))
        table.add_row(*map(Text, cells))  # brackets in a name are no markup
    console.print(table)
    for note in found.notes:
        console.print(f"note: {note}", markup=False, highlight=False)


def _lines(reasons: tuple[Reason, ...], words: Messages) -> str:
    return "\n".join(map(words.text, reasons))
