"""penchant export: what rankers could have read, for training; and a lake of Parquet that outlives Redis."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

from penchant.cli.options import Config, Json
from penchant.offline.export import run
from penchant.offline.export.outcomes import Wanted
from penchant.offline.lake import follow as following
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from streams.errors import SettingInvalid

Labels = Annotated[Path | None, typer.Option(metavar="FILE", exists=True, help="Requests: CSV, JSON lines or Parquet.")]
Out = Annotated[Path, typer.Option(metavar="FILE", help="The Parquet file to write.")]
Shopper = Annotated[str, typer.Option("--shopper", metavar="COLUMN", help="Whose request it was.")]
Time = Annotated[str, typer.Option("--time", metavar="COLUMN", help="When: epoch milliseconds, or ISO 8601.")]
Lake = Annotated[
    str | None, typer.Option("--from", metavar="URI", help="Read a lake of --follow, not kafka.history_topic.")
]
Within = Annotated[
    float | None,
    typer.Option("--outcomes", metavar="SECONDS", min=1, help="Add what the shopper did within so long after it."),
]
Product = Annotated[
    str | None, typer.Option("--product", metavar="COLUMN", help="Of outcomes, those of this product alone.")
]
Follow = Annotated[
    str | None, typer.Option(metavar="URI", help="Fill a lake: a folder, s3://bucket/path or gs://bucket/path.")
]
Every = Annotated[float, typer.Option(min=1, max=3_600, help="Seconds between batches of a lake.")]
Once = Annotated[bool, typer.Option("--once", help="End where the topics end now.")]


def export(
    *,
    labels: Labels = None,
    out: Out = Path("intents.parquet"),
    shopper: Shopper = "shopper",
    time: Time = "time",
    lake: Lake = None,
    outcomes: Within = None,
    product: Product = None,
    follow: Follow = None,
    every: Every = 60,
    once: Once = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Join ranking requests to the intent that was readable at their time, and write both as Parquet.

    It reads kafka.history_topic, in no group, or a lake. An intent counts from when Redis had it until the next one
    came, it expired, or the shopper was erased; never from the time of its events. A request keeps all its columns;
    those that are added begin with penchant_. Where nothing was readable, penchant_missing is true.

    With --outcomes a row also says whether its shopper clicked, filled a cart or bought within so many seconds after
    it, and for how much (lift.currency), by the events of kafka.topic; nothing from before the request counts. Where
    that time is not over yet, or the topic no longer holds it, and of shoppers who were erased, it says nothing.

    With --follow it fills a lake instead, until Ctrl-C: intents, cards and facts as Parquet by hour, from
    kafka.history_topic and kafka.cards_topic, each record once, without the shoppers who are erased.

    Examples: penchant export --labels requests.csv --shopper user_id --time requested_at --out training.parquet

    penchant export --follow s3://shop/penchant

    penchant export --labels requests.csv --outcomes 1800 --product sku
    """
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    if follow is not None:
        _follow(settings, follow, every, once=once, json=json)
        return
    if labels is None:
        raise SettingInvalid("there is nothing to do", "name requests with --labels, or a lake to fill with --follow")
    if product is not None and outcomes is None:
        raise SettingInvalid("--product needs --outcomes", "say within which time outcomes count: --outcomes 1800")
    wanted = Wanted(shopper, time, round(outcomes * 1e3), product, settings.lift.currency) if outcomes else None
    done = asyncio.run(run.export(settings, labels, out, shopper, time, lake, wanted))
    if json:
        typer.echo(orjson.dumps(asdict(done) | {"file": str(out)}))
        return
    typer.echo(f"{out}: {done.requests:,} requests, {done.with_intent:,} with an intent that was readable then")
    if done.with_outcome is not None:
        typer.echo(f"{done.with_outcome:,} of them with what became of them")
    typer.echo(f"read {done.records:,} records of the history, {done.refused:,} of them none")


def _follow(settings: Settings, uri: str, every_s: float, *, once: bool, json: bool) -> None:
    written = asyncio.run(following.follow(settings, uri, every_s, once=once))
    if json:
        typer.echo(orjson.dumps(asdict(written) | {"lake": uri}))
        return
    typer.echo(f"{uri}: {written.records:,} records written, {written.refused:,} of them say nothing")
    if written.missed:
        typer.echo(f"{written.missed:,} records were gone from their topics before they were read")
