"""penchant demo: the whole pipeline on this machine, without Docker, GPU or servers."""

import asyncio
import io
import sys
import time
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from penchant.cli.options import Json
from penchant.demo.run import Outcome, run
from penchant.demo.stage import Plan
from penchant.demo.view import LiveView, no_view, show_examples, show_report
from penchant.logs import configure_logs

NOTHING_DONE, INTERRUPTED = 1, 130


def demo(
    *,
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Play a recording: REES46 as CSV or OTTO as JSON lines, .gz too."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=0.001, help="How many times faster to play it; else it is fitted into --seconds."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long to play.")] = 20.0,
    shoppers: Annotated[int, typer.Option(min=1, help="How many shoppers to simulate.")] = 200,
    rate: Annotated[float, typer.Option(min=0.1, help="Simulated events a second.")] = 100.0,
    seed: Annotated[int, typer.Option(help="Where the simulation's dice start.")] = 1,
    model_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="An OpenAI-compatible endpoint in the place of the simulated GPU."),
    ] = None,
    run_folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the servers keep their logs; else run/demo-<time>.")
    ] = None,
    json: Json = False,
) -> None:
    """See shopper events become intents: Kafka, Faust, a real Triton server before a simulated GPU, Redis.

    Examples: penchant demo
    penchant demo --events rees46.csv --seconds 30 --json
    penchant demo --model-url http://localhost:8000/v1
    """
    folder = run_folder or Path("run") / time.strftime("demo-%Y%m%d-%H%M%S")
    plan = Plan(folder.absolute(), seconds, shoppers, rate, seed, events, speed, model_url)
    console = Console(stderr=json)
    live = sys.stderr.isatty() if json else sys.stdout.isatty()
    configure_logs("info", "console", stream=io.StringIO() if live else sys.stderr)
    if not live:
        console.print(f"Playing for {seconds:g} s; the servers' logs are in {folder}")
    outcome = asyncio.run(run(plan, LiveView(console) if live else no_view, silent if live else console.print))
    _show(outcome, console, json=json)
    if outcome.stopped:
        raise typer.Exit(INTERRUPTED)
    if not outcome.report["intents"]:
        typer.secho(f"No intent was written; the servers' logs are in {folder}", err=True)
        raise typer.Exit(NOTHING_DONE)


def silent(_: str) -> None:
    """The live view shows notices itself."""


def _show(outcome: Outcome, console: Console, *, json: bool) -> None:
    show_examples(console, outcome.examples)
    show_report(console, outcome.report)
    if json:
        typer.echo(orjson.dumps(outcome.report))
