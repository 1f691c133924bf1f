"""penchant products requests and answers: a job by a batch service, such as OpenAI's or that of a model server."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

from penchant.cli.options import ColumnsFile, Config, Json
from penchant.offline.products import batches
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings

Catalogue = Annotated[Path, typer.Option("--in", metavar="FILE", exists=True, help="CSV, JSON lines or Parquet.")]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="The job's folder: where answers are kept.")]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, help="Output files of a batch.")]


def requests(
    *, catalogue: Catalogue, out: Out, columns: ColumnsFile = None, config: Config = None, json: Json = False
) -> None:
    """Write what a run would ask as files of OpenAI's batch format, at most 50,000 requests each. Nobody is asked.

    Each request has the key of its answer as custom_id. The model is use_cases.products.model, else model.name.

    Example: penchant products requests --in catalogue.csv --out run/products
    """
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    written = asyncio.run(batches.write_requests(settings, catalogue, columns, out))
    if json:
        typer.echo(orjson.dumps(asdict(written)))
        return
    for path in written.files:
        typer.echo(path)
    typer.echo(f"{written.requests:,} requests; {written.rejected:,} rows are no products")


def answers(*, files: Files, out: Out, json: Json = False) -> None:
    """Take the answers of a batch into the job's folder; the next run goes by them and asks nobody about these texts.

    A line that failed is counted, with the first reasons; requests writes it again.

    Example: penchant products answers output.jsonl --out run/products
    """
    configure_logs("warning", "auto")
    taken = asyncio.run(batches.take_answers(files, out))
    if json:
        typer.echo(orjson.dumps(asdict(taken)))
        return
    typer.echo(f"{taken.answers:,} answers kept, {taken.refused:,} lines without one")
    for reason in taken.reasons:
        typer.echo(f"  {reason}")
