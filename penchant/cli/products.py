"""penchant products: what a catalogue's products are, and which needs they may meet."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from penchant.cli.audience import audience
from penchant.cli.options import ColumnsFile, Config, Json
from penchant.cli.product_batches import answers, requests
from penchant.cli.propose import propose
from penchant.offline.products import follow as following
from penchant.offline.products import run as running
from penchant.offline.products.job import Report
from penchant.offline.products.reading import Shard
from penchant.offline.products.writing import PRODUCTS, REJECTS, Format
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings

products = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")

Catalogue = Annotated[
    Path, typer.Option("--in", metavar="FILE", exists=True, help="CSV, JSON lines or Parquet, or a folder.")
]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Where results, rejects and answers are kept.")]
ModelUrl = Annotated[str | None, typer.Option(metavar="URL", help="A model server; else that of [model].")]
Simulated = Annotated[bool, typer.Option("--simulated", help="The simulated model of this process instead.")]
AtOnce = Annotated[int, typer.Option(min=1, max=1_000, help="Calls at once.")]
Form = Annotated[Format, typer.Option("--format", help="Of the results; Parquet, in parts, needs penchant[export].")]
ShardText = Annotated[
    str, typer.Option("--shard", metavar="I/N", help="Of the catalogue this part alone, from 0: 0/4 to 3/4.")
]
EngineName = Annotated[
    Literal["local", "ray"], typer.Option("--engine", help="What does it: this process, or Ray; needs penchant[ray].")
]
Workers = Annotated[int, typer.Option(min=1, max=1_000, help="Ray's workers; calls at once are shared out among them.")]
Once = Annotated[bool, typer.Option("--once", help="End where the topic ends now.")]
Publish = Annotated[bool, typer.Option("--publish", help="Write cards and lines of knowledge to Redis too.")]


@products.callback()
def about() -> None:
    """Find out what products are and which needs they meet, once for each text.

    Examples: penchant products run --in catalogue.csv --out run/products

    penchant products audience sku-1
    """


products.command("audience")(audience)
products.command("requests")(requests)
products.command("answers")(answers)
products.command("propose")(propose)


@products.command("run")
def run(
    *,
    catalogue: Catalogue,
    out: Out,
    columns: ColumnsFile = None,
    model_url: ModelUrl = None,
    simulated: Simulated = False,
    at_once: AtOnce = 16,
    form: Form = "jsonl",
    shard: ShardText = "0/1",
    engine: EngineName = "local",
    workers: Workers = 2,
    publish: Publish = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Ask a model about every product of a catalogue, and keep what the product's own text bears out.

    Each fact and each segment has the words that show it; one whose words are not in the text is dropped. Answers are
    kept in the folder, so that a run that was cut short goes on, and a later one asks about changed texts alone. A row
    that is no product goes to rejects.jsonl with the reason.

    Examples: penchant products run --in catalogue.csv --out run/products --simulated

    penchant products run --in catalogue.parquet --columns columns.toml --out run/products --publish --json

    penchant products run --in catalogue.parquet --out run/part-2 --shard 2/8 --publish

    penchant products run --in catalogue.parquet --out run/products --engine ray --workers 8 --at-once 256
    """
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    asked = running.Asked(columns, out, at_once, model_url, simulated)
    on_ray = workers if engine == "ray" else None
    plan = running.ProductsPlan(catalogue, asked, form, publish, Shard.parse(shard), on_ray)
    with _bar() as progress:
        report = asyncio.run(running.run(settings, plan, progress))
    if json:
        typer.echo(orjson.dumps(asdict(report) | {"folder": str(out)}))
        return
    _tell(report, out, form)


@products.command("follow")
def follow(
    *,
    out: Out,
    columns: ColumnsFile = None,
    model_url: ModelUrl = None,
    simulated: Simulated = False,
    at_once: AtOnce = 16,
    once: Once = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Take over what a compacted topic of products says, as it changes: kafka.products_topic, until Ctrl-C.

    Each record is a JSON object under the product's id; a tombstone takes its card and line out of Redis. A changed
    text is asked about, a changed price is not. It goes on where it came to, which the folder keeps. A record that is
    no product goes to rejects.jsonl with the reason.

    Examples: penchant products follow --out run/products

    penchant products follow --out run/products --once --json
    """
    settings = load_settings(config).settings
    configure_logs(settings.log.level, settings.log.format)
    asked = running.Asked(columns, out, at_once, model_url, simulated)
    taken = asyncio.run(following.follow(settings, asked, once=once))
    if json:
        typer.echo(orjson.dumps(asdict(taken) | {"folder": str(out)}))
        return
    typer.echo(f"{taken.products:,} products written, {taken.gone:,} removed, {taken.rejected:,} records rejected")


def _tell(report: Report, out: Path, form: Format) -> None:
    typer.echo(
        f"{out / PRODUCTS}.{form}: {report.products:,} products, {report.facts:,} facts, {report.segments:,} segments"
    )
    typer.echo(f"{out / REJECTS}: {report.rejected:,} rows")
    typer.echo(
        f"{report.calls:,} calls of {report.input_tokens:,} tokens in and {report.output_tokens:,} out; "
        f"{report.kept:,} answers were kept before"
    )
    typer.echo(
        f"not borne out by the text, and dropped: {report.removed:,}; parts without an answer: {report.refused_parts:,}"
    )


class _Bar:
    """A count of rows, on stderr."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._task = progress, progress.add_task("rows", total=None)

    def advance(self, steps: int) -> None:
        """So many more."""
        self._progress.advance(self._task, steps)


@contextmanager
def _bar() -> Iterator[_Bar]:
    columns = SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress)
