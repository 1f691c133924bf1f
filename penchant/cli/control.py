"""penchant control: what a fleet of workers does, and what operators decide for all of it."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from penchant.cli.experiments import lines, report
from penchant.cli.options import Config, Json, Who, instant, login
from penchant.operations.control import FleetView
from penchant.operations.control import status as experiments
from penchant.operations.fleet import FleetStatus, fleet_status, put_back, throw
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings

COLUMNS = ("worker", "version", "prompt", "partitions", "lag", "owed", "calls", "p95 s", "loop ms", "away")

Switch = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="rules-only, freeze-writes, pause, prompt-version, calls-per-second or share-replay.",
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
def status(*, config: Config = None, json: Json = False) -> None:
    """Show the workers that are alive with their partitions, lag, backlog, limits and versions; the switches that were
    thrown; and each experiment: whether it is in force, and how its arms did in the last hour, on all workers. Of one
    that was rolled back, how they did then.

    Example: penchant control status --json
    """
    found, workers = asyncio.run(_look(load_settings(config).settings))
    if json:
        switches = {name: asdict(thrown) for name, thrown in workers.switches.thrown.items()}
        typer.echo(orjson.dumps(report(found) | {"fleet": workers.workers, "switches": switches}))
        return
    Console().print(_table(workers))
    for name, thrown in workers.switches.thrown.items():
        typer.echo(f"switch {name.replace('_', '-')}: {thrown.value}, {instant(thrown.at_ms)} by {thrown.who}")
    for line in lines(found):
        typer.echo(line)


@control.command("set")
def set_switch(
    name: Switch,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Where the switch takes one.")] = "on",
    *,
    who: Who = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Throw a switch for all workers, which follow within two seconds. The name and the time are kept.

    rules-only: no calls; the rules make all intents. freeze-writes: nothing is written, everything waits. pause: no
    more is read. prompt-version NAME. calls-per-second N: of the whole fleet. share-replay, 0 to 1: how much of its
    calls a replay may have in flight; 0 holds it.

    Examples: penchant control set rules-only

    penchant control set calls-per-second 200

    penchant control set share-replay 0.25
    """
    thrown = asyncio.run(throw(load_settings(config).settings, name, value, who or login()))
    if json:
        typer.echo(orjson.dumps({"switch": name} | asdict(thrown)))
    else:
        typer.echo(f"{name}: {thrown.value}, by {thrown.who}; back with: penchant control clear {name}")


@control.command("clear")
def clear_switch(name: Switch, *, config: Config = None) -> None:
    """Put a switch back for all workers.

    Example: penchant control clear rules-only
    """
    asyncio.run(put_back(load_settings(config).settings, name))
    typer.echo(f"{name}: back")


async def _look(settings: Settings) -> tuple[FleetView, FleetStatus]:
    return await experiments(settings), await fleet_status(settings)


def _table(found: FleetStatus) -> Table:
    table = Table(title=f"{len(found.workers)} workers are alive", title_justify="left", box=None)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("worker", "prompt", "away") else "right")
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
            ", ".join(told["away"]),
        )
    return table
