"""penchant products audience: whom a product interests now, as counts."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.match.audience import FEWEST, counted
from penchant.cli.options import Config, Json, Who, Why, login
from penchant.operations import audience as operation
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings
from streams.records.cards import Segment

Product = Annotated[str, typer.Argument(metavar="PRODUCT", help="Whose audience.", show_default=False)]
Most = Annotated[int, typer.Option(metavar="N", min=1, help="How many intents are looked at.")]
FromTopic = Annotated[bool, typer.Option("--from-topic", help="Look into kafka.intents_topic instead of Redis.")]
Ids = Annotated[bool, typer.Option("--ids", help="List the ids of those who agreed to advertising too.")]


def audience(
    *,
    product: Product,
    most: Most = 100_000,
    ids: Ids = False,
    from_topic: FromTopic = False,
    who: Who = None,
    why: Why = "",
    config: Config = None,
    json: Json = False,
) -> None:
    """Count whom a product interests now, in all and by the needs on its card.

    It scans the live intents in Redis, so many at the most, and says what that cost. From the topic of intents it reads
    the newest records, and the last of each shopper counts; Redis is asked for the card alone. A product interests a
    shopper whose intent names its category, or one within it, and does not avoid it. A count below 50 reads "under 50".

    Ids are listed only where privacy.audience_ids is set, of shoppers who agreed to advertising, for no sensitive
    product, from 50 on. The activity log keeps each list: who asked, for which product, how many, and why.

    Examples: penchant products audience sku-1

    penchant products audience sku-1 --from-topic --most 10000000

    penchant products audience sku-1 --ids --why "spring sale" --json
    """
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    listing = operation.Listing(who or login(), why) if ids else None
    found = asyncio.run(operation.audience(settings, product, most, listing, source="topic" if from_topic else "redis"))
    if json:
        typer.echo(orjson.dumps(found.report()))
        return
    show(Console(), found)


def show(console: Console, found: operation.Found) -> None:
    """As a table, then the cost, then the ids one in a line."""
    table = Table()
    table.add_column("who", overflow="fold")
    table.add_column("shoppers", justify="right")
    table.add_row("whom it interests", _told(len(found.audience.shoppers)))
    for segment, number in found.audience.segments.items():
        table.add_row(Text(_named(segment)), _told(number))  # brackets in a name are no markup
    console.print(table)
    for line in _costs(found.cost):
        console.print(line, highlight=False)
    for shopper in found.ids or ():
        typer.echo(shopper)


def _costs(cost: operation.Cost) -> Iterator[str]:
    what = "records of the topic" if cost.source == "topic" else "intents"
    part = "all" if cost.whole else "the newest" if cost.source == "topic" else "the first"
    spent = f"{cost.read_bytes / 1e6:,.1f} MB in {cost.took_s:.1f} s"
    yield f"looked at {cost.looked_at:,} {what}, {part} that there are: {spent}"
    if cost.ended:
        yield f"note: {cost.ended:,} records are of intents that have ended"
    if cost.unreadable:
        yield f"note: {cost.unreadable:,} {what} cannot be read"


def _told(number: int) -> str:
    shown = counted(number)
    return f"under {FEWEST}" if shown is None else f"{shown:,}"


def _named(segment: Segment) -> str:
    wanted = segment.attribute
    told = (segment.mission, segment.stage, f"{wanted.name} {wanted.value}" if wanted else None)
    return ", ".join(filter(None, told))
