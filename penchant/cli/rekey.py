"""penchant rekey: any topics, in any dialect, into one topic keyed by shopper."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agents.rekey.rekey import RekeyCounts
from penchant.cli.options import Config, Json
from penchant.operations.rekey import Rekeying, RekeyPlan, rekeying
from penchant.process.logs import configure_logs
from penchant.process.signals import stop_signals
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from streams.events.dialects import DIALECTS, DialectName

SHOW_EVERY_S = 0.2
INTERRUPTED = 130

From = Annotated[
    list[str], typer.Option("--from", metavar="TOPIC", help="A topic to read; several by giving it several times.")
]
To = Annotated[str, typer.Option("--to", metavar="TOPIC", help="The topic to write, keyed by shopper.")]
Dialects = Annotated[
    list[str] | None,
    typer.Option(
        "--dialect", metavar="TOPIC=NAME", help=f"What a topic speaks, if not native: {', '.join(sorted(DIALECTS))}."
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The consumer group, which remembers how far it came. With the group of stopped workers it goes on where "
        "they stopped.",
        show_default="kafka.group with -rekey behind it",
    ),
]
Create = Annotated[bool, typer.Option("--create-topic", help="Make the topic to write if there is none.")]
Partitions = Annotated[int, typer.Option(min=1, help="Partitions of a topic made by --create-topic.")]
UntilEnd = Annotated[
    bool, typer.Option("--until-end", help="Stop when all is done that was there at the start; else it runs on.")
]


def rekey(
    *,
    sources: From,
    target: To,
    dialect: Dialects = None,
    group: Group = None,
    create: Create = False,
    partitions: Partitions = 12,
    until_end: UntilEnd = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Read topics of shopper events, and write one topic of canonical events that is keyed by shopper.

    The order within each source partition is kept. Records that are no events go to kafka.dead_letter_topic.

    After a crash it goes on where it was, and may write some events twice; none is lost. Several share the work.

    Examples: penchant rekey --from clicks --to shopper-events --create-topic --partitions 12

    penchant rekey --from web --from app --dialect web=segment --dialect app=auto --to events --until-end --json
    """
    plan_sources = _sources(sources, target, dialect or [])
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    plan = RekeyPlan(plan_sources, target, group or f"{settings.kafka.group}-rekey", partitions if create else None)
    began_s = time.monotonic()
    tally, ended = asyncio.run(_run(settings, plan, until_end=until_end))
    _report(tally, time.monotonic() - began_s, json=json)
    if not ended:
        typer.secho("Stopped before the end; the same command goes on from here.", err=True)
        raise typer.Exit(INTERRUPTED)


def _sources(topics: Sequence[str], target: str, dialects: Sequence[str]) -> Mapping[str, DialectName]:
    if target in topics:
        raise typer.BadParameter("it is read too", param_hint="--to")
    sources: dict[str, DialectName] = dict.fromkeys(topics, "native")
    for given in dialects:
        topic, _, name = given.partition("=")
        if topic not in sources or name not in DIALECTS:
            allowed = f"TOPIC=NAME, a topic of --from and one of {', '.join(sorted(DIALECTS))}"
            raise typer.BadParameter(f"{given} is not {allowed}", param_hint="--dialect")
        sources[topic] = name
    return sources


async def _run(settings: Settings, plan: RekeyPlan, *, until_end: bool) -> tuple[RekeyCounts, bool]:
    """What was done, and whether that is all that was asked for."""
    with stop_signals() as asked:
        async with rekeying(settings, plan) as running, asyncio.TaskGroup() as tasks:
            stopping = tasks.create_task(asked.wait())
            showing = tasks.create_task(_show(running, until_end=until_end))
            ending = tasks.create_task(running.worked_off()) if until_end else stopping
            await asyncio.wait([stopping, ending], return_when=asyncio.FIRST_COMPLETED)
            ended = ending.done()
            for task in (stopping, showing, ending):
                task.cancel()
    return running.tally, ended


async def _show(running: Rekeying, *, until_end: bool) -> None:
    """Progress, where there is a terminal to show it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return
    known = (MofNCompleteColumn(), TimeRemainingColumn()) if until_end else ()
    began_s = time.monotonic()
    with Progress(BarColumn(), *known, TextColumn("{task.description}"), console=console, transient=True) as progress:
        bar = progress.add_task("", total=running.lag if until_end else None)
        while True:
            tally = running.tally
            rate = tally.read / max(time.monotonic() - began_s, SHOW_EVERY_S)
            progress.update(bar, completed=tally.read, description=f"{_words(tally)}, {rate:,.0f} a second")
            await asyncio.sleep(SHOW_EVERY_S)


def _report(tally: RekeyCounts, seconds: float, *, json: bool) -> None:
    if json:
        typer.echo(orjson.dumps(asdict(tally) | {"seconds": round(seconds, 3)}))
    else:
        typer.echo(f"{_words(tally)}, in {seconds:.1f} s")


def _words(tally: RekeyCounts) -> str:
    done = f"{tally.read:,} records read, {tally.written:,} events written"
    return f"{done}, {tally.ignored:,} ignored, {tally.withheld:,} sensitive, {tally.refused:,} refused"
