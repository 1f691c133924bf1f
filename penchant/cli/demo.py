"""penchant demo: the whole pipeline on this machine, without Docker, GPU or servers."""

import asyncio
import io
import os
import sys
import time
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from agents.match.messages import messages
from clients.pools.endpoints import Endpoint
from penchant.cli.options import RECORDED, Config, Json
from penchant.demo.run import Outcome, run
from penchant.demo.stage import DemoPlan
from penchant.demo.summary import show_figures, show_next, show_shoppers
from penchant.demo.timeline import RATE, SHOPPERS
from penchant.demo.view import LiveView, no_view
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings
from sandbox.servers.llama import smollm2
from streams.errors import PlatformLacks, SettingInvalid

NOTHING_DONE, INTERRUPTED = 1, 130


Events = Annotated[
    Path | None,
    typer.Option(metavar="FILE", exists=True, dir_okay=False, help=f"Play a recording: events {RECORDED}"),
]
Speed = Annotated[
    float | None, typer.Option(min=0.001, help="How many times faster to play it; else it is fitted into --seconds.")
]
PLAIN = "v4-plain"
"""The prompt for a model so small that it would copy an example: it has none."""

Seconds = Annotated[float, typer.Option(min=1, help="How long to play.")]
Shoppers = Annotated[int | None, typer.Option(min=1, help="How many shoppers to simulate.", show_default=str(SHOPPERS))]
Rate = Annotated[float | None, typer.Option(min=0.01, help="Simulated events a second.", show_default=f"{RATE:g}")]
Seed = Annotated[int, typer.Option(help="Where the simulation's dice start.")]
ModelUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="A model server in the place of the simulated GPU; else as [model] says, key too."
    ),
]
ModelName = Annotated[str | None, typer.Option(metavar="NAME", help="The model's name there.")]
ModelDialect = Annotated[str | None, typer.Option(metavar="DIALECT", help="What it speaks, as model.dialect.")]
ModelServer = Annotated[str | None, typer.Option(metavar="KIND", help="Which server it is, as model.server.")]
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
    model_name: ModelName = None,
    model_dialect: ModelDialect = None,
    model_server: ModelServer = None,
    real_model: RealModel = False,
    gguf: Gguf = None,
    run_folder: RunFolder = None,
    keep: Keep = False,
    with_console: WithConsole = True,
    config: Config = None,
    secured: Secured = False,
    json: Json = False,
) -> None:
    """See shopper events become intents: Kafka, Faust, a real Triton server before a simulated GPU, Redis.

    In a terminal simulated shoppers go on browsing after the summary, slowly, until Ctrl-C; in a pipe, with --json or
    in CI it ends by itself. Of the settings it takes those of [model], and only with --model-url.

    Exit status: 0 intents were written and the model answered, 1 not so, 2 bad usage, 130 interrupted.

    Examples: penchant demo
    penchant demo --events rees46.csv --seconds 30 --json
    penchant demo --model-url http://localhost:8000/v1 --model-name llama-3.1-8b
    penchant demo --real-model --seconds 60
    penchant demo --keep
    penchant demo --secured
    """
    if find_spec("penchant_reader") is None:
        raise PlatformLacks(
            "the demonstration reads as rankers do, by penchant-reader", "pip install 'penchant[embedded]'"
        )
    _check_recording(events, {"--speed": speed}, {"--shoppers": shoppers, "--rate": rate})
    of_model = {"--model-name": model_name, "--model-dialect": model_dialect, "--model-server": model_server}
    model = _model(model_url, of_model, {"--real-model": real_model or None, "--gguf": gguf}, config)
    live = sys.stderr.isatty() if json else sys.stdout.isatty()
    plan = DemoPlan(
        *(_made(run_folder).absolute(), seconds, shoppers, rate, seed, events, speed, model),
        keep=keep,
        browse=live and events is None and not json and not os.environ.get("CI"),
        console=with_console,
        gguf=gguf or (smollm2() if real_model else None),
        prompt="" if gguf or not real_model else PLAIN,
        secured=secured,
    )
    _play(plan, live=live, json=json)


def _play(plan: DemoPlan, *, live: bool, json: bool) -> None:
    """Play, and end as the outcome says."""
    folder = _named(plan.run_folder)
    console = Console(stderr=json)
    configure_logs("info", "console", stream=io.StringIO() if live else sys.stderr)
    if not live:
        console.print(f"Playing for {plan.seconds:g} s; the servers' logs are in {folder}")
    say, view = (silent, LiveView(console)) if live else (console.print, no_view)
    show = partial(_show, console=console, folder=folder, browse=plan.browse, json=json)
    outcome = asyncio.run(run(plan, view, say, show, partial(console.print, soft_wrap=True)))
    if outcome.stopped:
        raise typer.Exit(INTERRUPTED)
    if fault := _fault(outcome.report):
        typer.secho(f"{fault}; the servers' logs are in {folder}", err=True)
        raise typer.Exit(NOTHING_DONE)


def _named(folder: Path) -> Path:
    """As a person would say it from here."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _check_recording(events: Path | None, of_recording: Mapping[str, object], of_traffic: Mapping[str, object]) -> None:
    if events is None:
        _without(of_recording, "it is of a recording: give --events too")
    else:
        _without(of_traffic, "the recording of --events says this")


def _without(given: Mapping[str, object], why: str) -> None:
    """Refuse the first option that was given and would do nothing."""
    for name, value in given.items():
        if value is not None:
            raise typer.BadParameter(why, param_hint=name)


def _model(
    url: str | None, given: Mapping[str, str | None], others: Mapping[str, object], config: Path | None
) -> Endpoint | None:
    """The server of [model], as the command says it; `others` name another model. None for one of the demonstration's
    own."""
    if url is None:
        _without(given, "it is of a server: give --model-url too")
        return None
    _without(others, "--model-url names another model")
    said = {name.removeprefix("--").replace("-", ".", 1): value for name, value in given.items() if value is not None}
    return load_settings(config, {"model.url": url, **said}).settings.model


def _made(given: Path | None) -> Path:
    """The run folder, made where it is not there yet."""
    folder = given or Path("run") / time.strftime("demo-%Y%m%d-%H%M%S")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise SettingInvalid(f"the run folder cannot be made: {exc}", "choose another --run-folder") from exc
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingInvalid(f"nothing can be written to {folder}", "choose another --run-folder")
    return folder


def _fault(report: Mapping[str, Any]) -> str | None:
    """Why the play was no demonstration."""
    if not report["intents"]:
        return "No intent was written"
    if report["calls"] == report["call_failures"]:
        return f"The model never answered: all {report['intents']} intents are the rules'"
    return None


def silent(_: str) -> None:
    """The live view shows notices itself."""


def _show(outcome: Outcome, console: Console, folder: Path, *, browse: bool, json: bool) -> None:
    config = folder / outcome.config.name if outcome.config else None
    show_shoppers(console, outcome.examples, outcome.matches)
    show_figures(console, outcome.report)
    show_next(console, outcome.examples, config)
    if config is not None:
        where = f"{outcome.address} shows the shoppers, who go on" if browse and outcome.address else "Kept running"
        console.print(f"{where} until Ctrl-C", soft_wrap=True)
    if json:
        matches = [each.found.report(messages("en")) for each in outcome.matches]
        typer.echo(orjson.dumps(outcome.report | {"matches": matches}))
