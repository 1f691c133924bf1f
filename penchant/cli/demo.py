"""penchant demo: the whole pipeline on this machine, without Docker, GPU or servers."""

import asyncio
import io
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from agents.match.messages import messages
from penchant.cli.options import RECORDED, Json
from penchant.demo.run import Outcome, run
from penchant.demo.stage import DemoPlan
from penchant.demo.timeline import RATE, SHOPPERS
from penchant.demo.view import LiveView, no_view, show_examples, show_match, show_report
from penchant.process.logs import configure_logs
from sandbox.servers.llama import smollm2

NOTHING_DONE, INTERRUPTED = 1, 130


Events = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help=f"Play a recording: events {RECORDED}"),
]
Speed = Annotated[
    float | None, typer.Option(min=0.001, help="How many times faster to play it; else it is fitted into --seconds.")
]
Seconds = Annotated[float, typer.Option(min=1, help="How long to play.")]
Shoppers = Annotated[int | None, typer.Option(min=1, help="How many shoppers to simulate.", show_default=str(SHOPPERS))]
Rate = Annotated[float | None, typer.Option(min=0.01, help="Simulated events a second.", show_default=f"{RATE:g}")]
Seed = Annotated[int, typer.Option(help="Where the simulation's dice start.")]
ModelUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="An OpenAI-compatible endpoint in the place of the simulated GPU.")
]
RealModel = Annotated[
    bool, typer.Option("--real-model", help="SmolLM2-135M on llama.cpp, as `make llm` installs them, at its own pace.")
]
Gguf = Annotated[
    Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="The same with another model's file.")
]
RunFolder = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Where the servers keep their logs; else run/demo-<time>.")
]
Keep = Annotated[
    bool, typer.Option("--keep", help="Afterwards keep all running until Ctrl-C, for other commands to look at.")
]

WithConsole = Annotated[
    bool, typer.Option("--console/--no-console", help="Serve the console beside it, for a browser on this machine.")
]
Secured = Annotated[
    bool,
    typer.Option(
        "--secured",
        help="Kafka, Redis and Triton guarded by TLS, logins and rights; needs Java, Maven, openssl, redis.",
    ),
]


def demo(
    *,
    events: Events = None,
    speed: Speed = None,
    seconds: Seconds = 20.0,
    shoppers: Shoppers = None,
    rate: Rate = None,
    seed: Seed = 1,
    model_url: ModelUrl = None,
    real_model: RealModel = False,
    gguf: Gguf = None,
    run_folder: RunFolder = None,
    keep: Keep = False,
    with_console: WithConsole = True,
    secured: Secured = False,
    json: Json = False,
) -> None:
    """See shopper events become intents: Kafka, Faust, a real Triton server before a simulated GPU, Redis.

    In a terminal simulated shoppers go on browsing after the summary, slowly, until Ctrl-C; in a pipe, with --json or
    in CI it ends by itself.

    Examples: penchant demo
    penchant demo --events rees46.csv --seconds 30 --json
    penchant demo --model-url http://localhost:8000/v1
    penchant demo --real-model --seconds 60
    penchant demo --keep
    penchant demo --secured
    """
    folder = run_folder or Path("run") / time.strftime("demo-%Y%m%d-%H%M%S")
    model_file = gguf or (smollm2() if real_model else None)
    live = sys.stderr.isatty() if json else sys.stdout.isatty()
    browse = live and events is None and not json and not os.environ.get("CI")
    plan = DemoPlan(
        *(folder.absolute(), seconds, shoppers, rate, seed, events, speed, model_url),
        keep=keep,
        browse=browse,
        console=with_console,
        gguf=model_file,
        secured=secured,
    )
    console = Console(stderr=json)
    configure_logs("info", "console", stream=io.StringIO() if live else sys.stderr)
    if not live:
        console.print(f"Playing for {seconds:g} s; the servers' logs are in {folder}")
    say, view = (silent, LiveView(console)) if live else (console.print, no_view)
    show = partial(_show, console=console, folder=folder, browse=browse, json=json)
    outcome = asyncio.run(run(plan, view, say, show, partial(console.print, soft_wrap=True)))
    if outcome.stopped:
        raise typer.Exit(INTERRUPTED)
    if not outcome.report["intents"]:
        typer.secho(f"No intent was written; the servers' logs are in {folder}", err=True)
        raise typer.Exit(NOTHING_DONE)


def silent(_: str) -> None:
    """The live view shows notices itself."""


def _show(outcome: Outcome, console: Console, folder: Path, *, browse: bool, json: bool) -> None:
    show_examples(console, outcome.examples)
    show_report(console, outcome.report)
    if outcome.match is not None:
        show_match(console, outcome.match)
    if outcome.config is not None:
        name = folder / outcome.config.name
        if browse:
            where = f", and {outcome.address} shows them" if outcome.address else ""
            console.print(f"Shoppers go on browsing, slowly{where}.", soft_wrap=True)
        console.print(f"Kept running until Ctrl-C. In another terminal: export PENCHANT_CONFIG={name}", soft_wrap=True)
    if json:
        match = outcome.match.found.report(messages("en")) if outcome.match else None
        typer.echo(orjson.dumps(outcome.report | {"match": match}))
