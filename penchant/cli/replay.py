"""penchant replay: the topic, or a file, once more."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agents.replay.calls import ReplayCounts
from penchant.cli.options import Config, Json, login
from penchant.operations.control import note_replay
from penchant.operations.replay import summary
from penchant.operations.replay.plan import PER_SERVER, ReplayPlan
from penchant.operations.replay.progress import Progress as ReplayProgress
from penchant.operations.replay.request import ReplayRequest
from penchant.operations.replay.run import Outcome
from penchant.operations.replay.run import replay as run
from penchant.process.logs import configure_logs
from penchant.process.signals import stop_signals
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from streams.kafka.moments import EARLIEST, LATEST

SHOW_EVERY_S = 0.2
INTERRUPTED = 130

From = Annotated[str, typer.Option("--from", metavar="MOMENT", help="Where to begin.")]
To = Annotated[str, typer.Option("--to", metavar="MOMENT", help="Where to end.")]
Namespace = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Where the intents go.", show_default="redis.namespace with -replay behind it"),
]
Live = Annotated[bool, typer.Option("--live", help="Write over the live keys instead; the latest shoppers first.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")]
Generation = Annotated[
    int | None,
    typer.Option(min=1, help="With --live: of an earlier run that is to go on.", show_default="the time"),
]
File = Annotated[
    Path | None, typer.Option("--events", metavar="FILE", exists=True, help="A file instead of the topic.")
]
Prompt = Annotated[
    str | None,
    typer.Option("--prompt-version", metavar="NAME", help="Another version of the prompt than prompt.version."),
]
PerServer = Annotated[int, typer.Option("--per-server", metavar="N", min=1, help="Calls at each model server at once.")]
Learned = Annotated[
    str | None,
    typer.Option(
        metavar="SNAPSHOT", help='The learned counts that rules use; "" for none.', show_default="those in force"
    ),
]
Afresh = Annotated[
    bool, typer.Option("--afresh", help="Delete what the namespace holds of another replay, or of this one, first.")
]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the report as a page, too.")]


def replay(
    *,
    begin: From = EARLIEST,
    end: To = LATEST,
    namespace: Namespace = None,
    live: Live = False,
    yes: Yes = False,
    generation: Generation = None,
    events: File = None,
    prompt_version: Prompt = None,
    per_server: PerServer = PER_SERVER,
    learned: Learned = None,
    afresh: Afresh = False,
    html: Html = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Read a range again, in no group and without a commit, and make intents of it.

    Into a namespace of its own, where event time decides when a shopper is due, and compared with what is live in the
    end. With --live over the live keys: everybody who did something in the range gets one new intent of the session
    that is stored, or, where Redis has lost it, of what the range holds; what shoppers do meanwhile stays. Calls give
    way to live ones. Interrupted or killed, the same command goes on. A namespace that holds another replay, by prompt,
    model, settings or range, is refused.

    A MOMENT is earliest, latest, 2h (ago), 2026-01-31T08:00, or an offset as @1500.

    Examples: penchant replay --from 2h --prompt-version v1 --html replay.html

    penchant replay --from 24h --live --per-server 64
    """
    request = ReplayRequest(
        begin, end, namespace or "", live, generation or 0, events, prompt_version or "", per_server, learned, afresh
    )
    settings = _settings(config, request)
    plan = request.plan(settings, time.time_ns() // 1_000_000)
    if live and not yes:
        typer.confirm(f"Write over the intents of the namespace {settings.redis.namespace}?", abort=True, err=True)
    outcome = asyncio.run(_run(settings, request, plan))
    _tell(outcome, html, f"; add --generation {plan.generation}" if live else "", json=json)


def _tell(outcome: Outcome | None, html: Path | None, again: str, *, json: bool) -> None:
    """What it came to, or how it goes on: by the same command, and `again`."""
    if outcome is None:
        typer.secho(f"Stopped before the end; the same command goes on from here{again}.", err=True)
        raise typer.Exit(INTERRUPTED)
    if html is not None:
        html.write_text(summary.page(outcome), encoding="utf-8")
    typer.echo(orjson.dumps(summary.report(outcome)) if json else "\n".join(summary.lines(outcome)))


def _settings(config: Path | None, request: ReplayRequest) -> Settings:
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    return request.settings(settings)


async def _run(settings: Settings, request: ReplayRequest, plan: ReplayPlan) -> Outcome | None:
    """None when it was stopped by a signal."""
    await note_replay(settings, plan.namespace, request.command(), login())
    progress = ReplayProgress(ReplayCounts())
    with stop_signals() as asked:
        work = asyncio.create_task(run(settings, plan, progress))
        stopping = asyncio.create_task(asked.wait())
        showing = asyncio.create_task(_show(progress))
        await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (stopping, showing, *([] if work.done() else [work])):
            task.cancel()
        await asyncio.wait([work, showing])
    return None if work.cancelled() else work.result()


async def _show(progress: ReplayProgress) -> None:
    """Progress, where there is a terminal to show it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    began_s = time.monotonic()
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("", total=None)
        while True:
            tally = progress.tally
            rate = tally.records / max(time.monotonic() - began_s, SHOW_EVERY_S)
            told = f"{tally.intents:,} intents, {tally.calls:,} calls, {rate:,.0f} records a second"
            done = tally.records + progress.resumed
            bars.update(bar, total=progress.total or None, completed=done, description=told)
            await asyncio.sleep(SHOW_EVERY_S)
