"""penchant control: what a fleet of workers does, and what operators decide for all of it."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import orjson
import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from penchant.cli.experiments import lines, report
from penchant.cli.options import Config, Json, Who, Why, console, instant, login
from penchant.operations.control import FleetStatus, activity, fleet_status, put_back, throw
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from streams.errors import StoreUnavailable

COLUMNS = ("worker", "version", "prompt", "parts", "lag", "owed", "calls", "p95 s", "loop ms", "away")
WATCH_EVERY_S = 1.0

Switch = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="rules-only, freeze-writes, pause, prompt-version, calls-per-second, share-replay or share-batch.",
    ),
]

control = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="See what a fleet of workers does, and decide for all of it at once; workers follow within two seconds.\n\n"
    "Example: penchant control status",
)


@control.command()
def status(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Show it anew once a second, until Ctrl-C.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show the workers that are alive with their partitions, lag, backlog, limits and versions; the switches that were
    thrown, and how many workers obey; and each experiment: whether it is in force, and how its arms did in the last
    hour, on all workers. Of one that was rolled back, how they did then.

    Examples: penchant control status --json

    penchant control status --watch
    """
    settings = load_settings(config).settings
    if watch:
        asyncio.run(_watch(settings))
        return
    found = asyncio.run(fleet_status(settings))
    if json:
        typer.echo(orjson.dumps(_report(found)))
        return
    console().print(_table(found))
    for line in _lines(found):
        typer.echo(line)


@control.command("set")
def set_switch(
    name: Switch,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Where the switch takes one.")] = "on",
    *,
    why: Why = "",
    who: Who = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Throw a switch for all workers, which follow within two seconds. Name, time and reason are kept.

    rules-only: no calls; the rules make all intents. freeze-writes: nothing is written, everything waits. pause: no
    more is read. prompt-version NAME. calls-per-second N: of the whole fleet. share-replay, 0 to 1: how much of its
    calls a replay may have in flight; 0 holds it. share-batch, 0 to 1: the same of jobs, of what live traffic leaves.

    Examples: penchant control set rules-only --why "the model server is being replaced"

    penchant control set calls-per-second 200

    penchant control set share-replay 0.25
    """
    thrown = asyncio.run(throw(load_settings(config).settings, name, value, who or login(), why))
    if json:
        typer.echo(orjson.dumps({"switch": name} | asdict(thrown)))
    else:
        typer.echo(f"{name}: {thrown.value}, by {thrown.who}; back with: penchant control clear {name}")


@control.command("clear")
def clear_switch(name: Switch, *, why: Why = "", who: Who = None, config: Config = None) -> None:
    """Put a switch back for all workers.

    Example: penchant control clear rules-only
    """
    done = asyncio.run(put_back(load_settings(config).settings, name, who or login(), why))
    typer.echo(f"{name}: back" if done else f"{name}: it was not thrown")


DECIDED = ("switch", "experiment")
"""Kinds of entries whose name says what they are about."""


@control.command("log")
def show_log(
    *,
    newest: Annotated[int, typer.Option("--newest", min=1, max=10_000, help="How many entries.")] = 20,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show what was decided for the fleet, the newest first: who threw or put back which switch, which experiment was
    rolled back or resumed, when and why.

    Example: penchant control log --newest 50
    """
    entries = asyncio.run(activity(load_settings(config).settings, newest))
    if json:
        typer.echo(orjson.dumps({"entries": [asdict(each) for each in entries]}))
        return
    for each in entries:
        reason = f": {each.why}" if each.why else ""
        what = _words(each.name) if each.kind in DECIDED else f"{each.kind} of {each.name}:"
        typer.echo(f"{instant(each.at_ms)}  {what} {each.value}, by {each.who}{reason}")
    if not entries:
        typer.echo("nothing was decided yet")


async def _watch(settings: Settings) -> None:
    """A Redis that is away is said, and asked again."""
    with Live(console=console(), auto_refresh=False) as live:
        while True:
            try:
                shown = _view(await fleet_status(settings))
            except StoreUnavailable as error:
                shown = Text(str(error))
            live.update(shown, refresh=True)
            await asyncio.sleep(WATCH_EVERY_S)


def _report(found: FleetStatus) -> dict[str, Any]:
    switches = {
        name: asdict(thrown) | {"obeyed": found.obeyed(name), "workers": len(found.workers)}
        for name, thrown in found.switches.thrown.items()
    }
    names = sorted(found.workers)
    return {
        "workers": names,
        "experiments": report(found.experiments),
        "fleet": found.workers,
        "switches": switches,
    } | {"forecast": asdict(found.forecast) if found.forecast else None}


def _view(found: FleetStatus) -> RenderableType:
    return Group(_table(found), *(Text(line) for line in _lines(found)))


def _lines(found: FleetStatus) -> Iterator[str]:
    yield from _switches(found)
    if (seen := found.forecast) is not None:
        yield f"calls a second: {seen.now:,.1f} now, {seen.ahead:,.1f} in a quarter of an hour,"
        yield f"  {seen.peak:,.1f} at the next day's peak ({instant(seen.peak_at_s * 1_000)})"
    for pool, names in found.idle.items():
        yield f"idle servers of {pool}: {', '.join(names) or 'none'}"
    yield from lines(found.experiments)


def _switches(found: FleetStatus) -> Iterator[str]:
    workers = len(found.workers)
    for name, thrown in found.switches.thrown.items():
        reason = f": {thrown.why}" if thrown.why else ""
        yield f"switch {_words(name)}: {thrown.value}, obeyed by {found.obeyed(name)} of {workers}"
        yield f"  since {instant(thrown.at_ms)} by {thrown.who}{reason}"
    for name in found.lingering:
        yield f"switch {_words(name)}: back, obeyed by {found.obeyed(name)} of {workers}"


def _words(name: str) -> str:
    return name.replace("_", "-")


def _table(found: FleetStatus) -> Table:
    table = Table(title=f"{len(found.workers)} workers are alive", title_justify="left", box=None)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("worker", "prompt", "away") else "right", overflow="fold")
    for worker, told in sorted(found.workers.items()):
        lag = told["loop_lag_p99_ms"]
        fresh = told["freshness_p95_ms"]
        table.add_row(
            worker,
            told["version"],
            told["prompt"],
            str(len(told["partitions"])),
            f"{told['lag']:,}",
            f"{told['owed']:,}",
            f"{told['in_flight']}/{told['limit']}",
            "-" if fresh is None else f"{fresh / 1e3:.1f}",
            "-" if lag is None else f"{lag:.1f}",
            ", ".join("frozen" if why.startswith("frozen") else name for name, why in told["away"].items()),
        )
    return table
