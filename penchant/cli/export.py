"""penchant export: what rankers could have read, for training."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

from penchant.cli.options import Config, Json
from penchant.offline.export import run
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings

Labels = Annotated[Path, typer.Option(metavar="FILE", exists=True, help="Requests: CSV, JSON lines or Parquet.")]
Out = Annotated[Path, typer.Option(metavar="FILE", help="The Parquet file to write.")]
Shopper = Annotated[str, typer.Option("--shopper", metavar="COLUMN", help="Whose request it was.")]
Time = Annotated[str, typer.Option("--time", metavar="COLUMN", help="When: epoch milliseconds, or ISO 8601.")]


def export(
    *,
    labels: Labels,
    out: Out = Path("intents.parquet"),
    shopper: Shopper = "shopper",
    time: Time = "time",
    config: Config = None,
    json: Json = False,
) -> None:
    """Join ranking requests to the intent that was readable at their time, and write both as Parquet.

    It reads kafka.history_topic, in no group. An intent counts from when Redis had it until the next one came, it
    expired, or the shopper was erased; never from the time of its events. A request keeps all its columns; those that
    are added begin with penchant_. Where nothing was readable, penchant_missing is true.

    Example: penchant export --labels requests.csv --shopper user_id --time requested_at --out training.parquet
    """
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    done = asyncio.run(run.export(settings, labels, out, shopper, time))
    if json:
        typer.echo(orjson.dumps(asdict(done) | {"file": str(out)}))
        return
    typer.echo(f"{out}: {done.requests:,} requests, {done.with_intent:,} with an intent that was readable then")
    typer.echo(f"read {done.records:,} records of the history, {done.refused:,} of them none")
