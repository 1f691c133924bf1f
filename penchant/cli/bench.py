"""penchant bench: what Penchant costs and holds, measured beside others on this machine."""

import asyncio
import io
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from penchant.cli.options import Json
from penchant.logs import configure_logs

Quick = Annotated[bool, typer.Option("--quick", help="A rougher answer, within 45 seconds once all is installed.")]
Say = Callable[[str], None]
Report = dict[str, Any]

bench = typer.Typer(
    help="Measure on this machine: ratios and intervals from interleaved rounds, with machine, versions and commit.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@bench.callback()
def _group() -> None:
    """Keeps the name of a command needed while there is but one."""


@bench.command()
def ingest(
    *,
    quick: Quick = False,
    grow: Annotated[
        bool, typer.Option("--grow", help="Instead: how rate, memory and loop lag grow with partitions and shoppers.")
    ] = False,
    json: Json = False,
) -> None:
    """Take in events that are already in a topic of a real Kafka, in one process on one core.

    Equal work (validate an event, fold it into its shopper's session) by a plain Faust agent, Quix Streams, Bytewax
    and Penchant, and Penchant with all its work: due, instant model, real Redis, commits. Needs Java and Maven.

    Examples:

      penchant bench ingest --quick

      penchant bench ingest --json > benchmarks/results/ingest.json

      penchant bench ingest --grow
    """
    from penchant.bench import growth, show  # noqa: PLC0415 (only where it runs)
    from penchant.bench import ingest as rates  # noqa: PLC0415

    if grow:
        steps = growth.QUICK if quick else growth.Growth()
        _run(lambda folder, say: growth.run(steps, folder, say), show.show_growth, json=json)
    else:
        plan = rates.QUICK if quick else rates.Plan()
        _run(lambda folder, say: rates.run(plan, folder, say), show.show_ingest, json=json)


def _run(
    measure: Callable[[Path, Say], Coroutine[Any, Any, Report]],
    show: Callable[[Console, Mapping[str, Any]], None],
    *,
    json: bool,
) -> None:
    """Measure and show. The table goes to stdout, or with --json to stderr; progress always to stderr."""
    aside = Console(stderr=True)
    configure_logs("error", stream=io.StringIO())  # servers come and go: libraries complain of each
    with tempfile.TemporaryDirectory(prefix="penchant-bench-") as folder:
        report = asyncio.run(measure(Path(folder), lambda line: aside.print(line, style="dim", highlight=False)))
    show(aside if json else Console(), report)
    if json:
        typer.echo(orjson.dumps(report))
