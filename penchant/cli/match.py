"""penchant match: which of some products fit a shopper, and why, or why not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.match.messages import Messages
from agents.match.reasons import Reason
from clients.calls import ModelClient
from penchant.cli.options import Config, Json
from penchant.operations import match as matching
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from penchant.worker.use_cases import use_case
from streams.errors import ModelUnavailable

ShopperId = Annotated[str, typer.Argument(metavar="SHOPPER", help="Whom they are to fit.")]
Products = Annotated[list[str], typer.Argument(metavar="PRODUCT...", help="The candidates, up to 100.")]
Language = Annotated[str | None, typer.Option(metavar="LANGUAGE", help="Of the reasons, such as en or de.")]
Purpose = Annotated[
    str, typer.Option(metavar="PURPOSE", help="What it is for: nothing is told of shoppers who did not agree to it.")
]

Scores = Annotated[bool, typer.Option("--scores", help="Have the model score the best twenty, in one call.")]
Sentence = Annotated[bool, typer.Option("--sentence", help="Have a model say the reasons of the first product.")]

READY_S, SENTENCE_S = 2.0, 2.0
"""How long a server may take to say who it is, and to say a sentence: a person waits."""


def match(
    *,
    shopper: ShopperId,
    products: Products,
    language: Language = None,
    purpose: Purpose = "",
    scores: Scores = False,
    sentence: Sentence = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Put products in the order in which they fit a shopper, each with what speaks for it and against it.

    It reads the shopper's intent and session and the products' cards from Redis, in one round trip. The reasons are
    composed of what intent, session and cards say. No model is asked, unless by --scores: then the best twenty come in
    its order, if it answers within match.deadline_ms; or by --sentence: then it has two seconds, and its words stand
    where they say nothing but the reasons.

    Examples: penchant match 541312140 sku-1 sku-2 sku-3

    penchant match 541312140 sku-1 sku-2 --language de --json
    """
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    words = matching.words(settings, language)
    found = asyncio.run(_match(settings, shopper, products, purpose, words if sentence else None, scores=scores))
    if json:
        typer.echo(orjson.dumps(found.report(words)))
        return
    show(Console(), found, words)


async def _match(
    settings: Settings, shopper: str, products: Sequence[str], purpose: str, words: Messages | None, *, scores: bool
) -> matching.Matched:
    """With `words` a sentence in them, too."""
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(_ready(settings, "match")) if scores else None
        found = await matching.match(settings, shopper, products, purpose, model)
        if words is None:
            return found
        speaker = await stack.enter_async_context(_ready(settings, "reasons"))
        return await matching.spoken(found, words, speaker, asyncio.get_running_loop().time() + SENTENCE_S)


@asynccontextmanager
async def _ready(settings: Settings, name: str) -> AsyncIterator[ModelClient]:
    """A client of a use case, whose server has said who it is before a deadline runs; one that is away is found out by
    the call, whose answer is not waited for."""
    async with use_case(settings, name) as client:
        with suppress(ModelUnavailable, TimeoutError):
            async with asyncio.timeout(READY_S):
                await client.probe()
        yield client


def show(console: Console, found: matching.Matched, words: Messages) -> None:
    """As a table, the fittest first."""
    table = Table(show_lines=True)
    for name in ("product", "for", "against"):
        table.add_column(name, overflow="fold")
    for each in found.ranked:
        cells = (each.product, *(_lines(side, words) for side in (each.reasons.pro, each.reasons.con)))
        table.add_row(*map(Text, cells))  # brackets in a name are no markup
    console.print(table)
    if found.sentence:
        console.print(found.sentence, markup=False, highlight=False)
    for note in found.notes:
        console.print(f"note: {note}", markup=False, highlight=False)


def _lines(reasons: tuple[Reason, ...], words: Messages) -> str:
    return "\n".join(map(words.text, reasons))
